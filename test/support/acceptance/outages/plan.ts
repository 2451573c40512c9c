import { seeded, type Random } from '../../../../lab/random.js';
import { recordedOf } from './recorded.js';

/** What is done to the history of one service, and when. Times in ms since the epoch. */
export interface Happening {
  readonly kind: 'down' | 'errors' | 'slow' | 'recorded' | 'blip' | 'spike' | 'simmer' | 'deploy' | 'gap';
  readonly service: string;
  readonly from: number;
  readonly until: number;
  /** Instances down, share of errors, or seconds of latency. */
  readonly size: number;
}

/** What the configuration has for a service, and what is right to propose for its outages. */
export interface Shop {
  readonly name: string;
  readonly corrections: readonly string[];
  readonly right?: string;
  readonly dependsOn?: string;
  /** Requests a second on an average day. */
  readonly rps: number;
}

export interface Plan {
  readonly from: number;
  readonly until: number;
  readonly shops: readonly Shop[];
  /** Outages that are to be found. */
  readonly plants: readonly Happening[];
  /** What looks a little like one, and is none. */
  readonly nearMisses: readonly Happening[];
  /** Times in which Prometheus itself recorded nothing. */
  readonly blanks: readonly { readonly from: number; readonly until: number }[];
}

const minute = 60_000;
const day = 24 * 60 * minute;
const end = Date.UTC(2026, 10, 1);

const restart = 'restart: {exec: [/bin/true], undo: nothingToRestore, mode: act}';
const kinds: readonly Omit<Shop, 'name' | 'rps'>[] = [
  { corrections: [restart], right: 'restart' },
  { corrections: ['wait: {for: 60s, within: 60s}', restart], right: 'restart' },
  {
    corrections: [
      'last-good: {file: /etc/shop.conf, mode: act}',
      'drain: {http: "http://127.0.0.1:1/drain", undo: nothingToRestore, mode: ask}',
      restart,
    ],
    right: 'drain',
  },
  { corrections: [] },
  { corrections: ['observe-only: {exec: [/bin/true], undo: nothingToRestore}', restart], right: 'observe-only' },
  { corrections: [restart], right: 'restart', dependsOn: 'first' },
];

/** The same plan for the same seed. Everything keeps apart from everything else of its service, so that each is judged alone. */
export function planOf(seed: number, days: number, count: number): Plan {
  const random = seeded(seed);
  const names = random.words(count);
  const from = end - days * day;
  const shops = names.map((name, index): Shop => {
    const kind = kinds[index % kinds.length] ?? { corrections: [] };
    return { ...kind, name, rps: [40, 8, 15, 3][index % 4] ?? 10, ...(kind.dependsOn === undefined ? {} : { dependsOn: names[0] ?? '' }) };
  });
  const blanks = Array.from({ length: Math.ceil(days / 10) }, () => {
    const at = from + (2 + random.whole(days * 24 - 6)) * 60 * minute;
    return { from: at, until: at + (6 + random.whole(25)) * minute };
  });
  const taken = new Map<string, { from: number; until: number }[]>(names.map((name) => [name, [...blanks]]));
  const draw = (shop: Shop, kind: Happening['kind']): Happening[] =>
    placed(random, shop, kind, { from, until: end }, taken.get(shop.name) ?? []);
  const perShop = Math.max(4, Math.round(days / 4));
  const plants = shops.flatMap((shop) =>
    Array.from({ length: perShop }, (_, index) =>
      draw(shop, (['down', 'errors', 'slow', 'recorded'] as const)[index % 4] ?? 'down'),
    ).flat(),
  );
  const nearMisses = shops.flatMap((shop) =>
    Array.from({ length: 2 * perShop }, (_, index) =>
      draw(shop, (['blip', 'spike', 'simmer', 'deploy', 'gap'] as const)[index % 5] ?? 'blip'),
    ).flat(),
  );
  return { from, until: end, shops, plants, nearMisses, blanks };
}

const minutesOf: Readonly<Record<Happening['kind'], readonly [least: number, more: number]>> = {
  down: [6, 40],
  errors: [15, 45],
  slow: [10, 35],
  recorded: [0, 1],
  blip: [1, 2],
  spike: [2, 3],
  simmer: [30, 60],
  deploy: [1, 1],
  gap: [3, 6],
};

function sizeOf(random: Random, kind: Happening['kind']): number {
  switch (kind) {
    case 'down':
      return 1 + random.whole(2);
    case 'errors':
      return 0.12 + random.whole(50) / 100;
    case 'slow':
      return 1.8 + random.whole(30) / 10;
    case 'recorded':
      return random.whole(100);
    case 'spike':
      return 1.5 + random.whole(25) / 10;
    case 'simmer':
      return 0.02 + random.whole(12) / 1000;
    case 'blip':
    case 'deploy':
    case 'gap':
      return 1;
  }
}

const apartMs = 75 * minute;

/** A time of the day at which the service has requests, far from all else; none when there is no room. */
function placed(
  random: Random,
  { name }: Shop,
  kind: Happening['kind'],
  period: { from: number; until: number },
  taken: { from: number; until: number }[],
): Happening[] {
  const [least, more] = minutesOf[kind];
  const size = sizeOf(random, kind);
  const length = kind === 'recorded' ? recordedOf(size).byMinute.length * minute : (least + random.whole(more)) * minute;
  for (let tries = 0; tries < 200; tries += 1) {
    const at = period.from + (60 + random.whole((period.until - period.from) / minute - 180)) * minute;
    const mine = { from: at, until: at + length };
    if (taken.some((other) => mine.from < other.until + apartMs && other.from < mine.until + apartMs)) continue;
    taken.push(mine);
    return [{ kind, service: name, ...mine, size }];
  }
  return [];
}
