import { seeded, type Random } from '../../../../lab/random.js';
import type { Happening, Plan, Shop } from './plan.js';
import { recordedOf } from './recorded.js';

/** Prometheus scrapes once a minute here. */
export const sampleMs = 60_000;
const instances = 2;

/** What happens to one service at one minute, all that was planned added up. */
interface Weather {
  readonly down: number;
  readonly errorShare: number;
  readonly latency: number | undefined;
  readonly restarts: boolean;
  readonly isScraped: boolean;
}

const dayMs = 86_400_000;
const types = {
  up: '# TYPE up gauge\n',
  http_requests_total: '# TYPE http_requests counter\n',
  latency_p99_seconds: '# TYPE latency_p99_seconds gauge\n',
};
type Lines = { readonly [M in keyof typeof types]: string[] };

/** The whole history in OpenMetrics text, a part for each day. */
export function historyOf(plan: Plan, seed: number): string[] {
  const scenes = plan.shops.map((shop, index) => new Scene(shop, plan, seeded(seed * 1000 + index)));
  const days = Array.from({ length: Math.ceil((plan.until - plan.from) / dayMs) }, (_, index) => plan.from + index * dayMs);
  return days.map((day) => {
    const lines: Lines = { up: [], http_requests_total: [], latency_p99_seconds: [] };
    for (const scene of scenes) for (let at = day; at < day + dayMs; at += sampleMs) scene.minute(at, lines);
    return [
      types.up,
      ...grouped(lines.up),
      types.http_requests_total,
      ...grouped(lines.http_requests_total),
      types.latency_p99_seconds,
      ...grouped(lines.latency_p99_seconds),
      '# EOF\n',
    ].join('');
  });
}

/** The samples of a series have to stand together. */
function grouped(lines: readonly string[]): string[] {
  const series = new Map<string, string[]>();
  for (const line of lines) {
    const name = line.slice(0, line.indexOf('}') + 1);
    const same = series.get(name);
    if (same === undefined) series.set(name, [line]);
    else same.push(line);
  }
  return [...series.values()].map((same) => same.join(''));
}

class Scene {
  readonly #shop: Shop;
  readonly #plan: Plan;
  readonly #mine: readonly Happening[];
  readonly #upstream: readonly Happening[];
  readonly #chance: () => number;
  readonly #counters = Array.from({ length: instances }, () => ({ good: 0, bad: 0 }));

  constructor(shop: Shop, plan: Plan, random: Random) {
    this.#shop = shop;
    this.#plan = plan;
    const all = [...plan.plants, ...plan.nearMisses];
    this.#mine = all.filter(({ service }) => service === shop.name);
    this.#upstream = plan.plants.filter(({ service, kind }) => service === shop.dependsOn && kind !== 'slow');
    this.#chance = () => (random.whole(2 ** 30) + 0.5) / 2 ** 30;
  }

  minute(at: number, lines: Lines): void {
    const { name } = this.#shop;
    const weather = this.#weather(at);
    const seconds = at / 1000;
    const load = this.#load(at);
    const alive = instances - weather.down;
    this.#counters.forEach((counter, index) => {
      const labels = `job="${name}",instance="${name}-${index}:8080"`;
      const isDown = index < weather.down;
      if (isDown || weather.restarts) counter.good = counter.bad = 0;
      const requests = isDown ? 0 : this.#about((this.#shop.rps * load * 60) / alive);
      const bad = Math.min(requests, this.#about(requests * weather.errorShare));
      counter.bad += bad;
      counter.good += requests - bad;
      if (!weather.isScraped) return;
      lines.up.push(`up{${labels}} ${isDown ? 0 : 1} ${seconds}\n`);
      if (isDown) return;
      lines.http_requests_total.push(
        `http_requests_total{${labels},code="200"} ${counter.good} ${seconds}\n`,
        `http_requests_total{${labels},code="500"} ${counter.bad} ${seconds}\n`,
      );
    });
    if (!weather.isScraped || alive === 0) return;
    const usual = 0.12 * (1 + load) * Math.exp(0.25 * this.#normal());
    lines.latency_p99_seconds.push(`latency_p99_seconds{job="${name}"} ${((weather.latency ?? 0) + usual).toFixed(4)} ${seconds}\n`);
  }

  #weather(at: number): Weather {
    const now = this.#mine.filter(({ from, until }) => at >= from && at < until);
    const size = (...kinds: readonly Happening['kind'][]): number | undefined => now.find(({ kind }) => kinds.includes(kind))?.size;
    const isUpstreamDown = this.#upstream.some(({ from, until }) => at >= from && at < until);
    const isBlank = this.#plan.blanks.some(({ from, until }) => at >= from && at < until) || size('gap') !== undefined;
    const played = now.find(({ kind }) => kind === 'recorded');
    const tape = played === undefined ? undefined : recordedOf(played.size);
    const reading = tape?.byMinute[(at - (played?.from ?? at)) / sampleMs];
    return {
      down: size('down', 'blip') ?? (tape?.as === 'down' && reading === 0 ? instances : 0),
      errorShare: (size('errors', 'simmer') ?? (tape?.as === 'errors' ? (reading ?? 0) : 0)) + 0.003 + (isUpstreamDown ? 0.3 : 0),
      latency: size('slow', 'spike'),
      restarts: size('deploy') !== undefined,
      isScraped: !isBlank && reading !== null,
    };
  }

  /** Days and nights, weekends, and what nobody can explain. */
  #load(at: number): number {
    const hour = (at / 3_600_000) % 24;
    const isWeekend = [3, 4].includes(Math.floor(at / 86_400_000) % 7);
    const season = 1 + 0.75 * Math.sin(((hour - 9) / 24) * 2 * Math.PI);
    return season * (isWeekend ? 0.6 : 1) * Math.exp(0.1 * this.#normal());
  }

  /** Counts vary as counts do. */
  #about = (mean: number): number => Math.max(0, Math.round(mean + Math.sqrt(mean) * this.#normal()));

  #normal = (): number => Math.sqrt(-2 * Math.log(this.#chance())) * Math.cos(2 * Math.PI * this.#chance());
}
