import type { RequestListener, ServerResponse } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { command } from '../../support/acceptance/command.js';
import { withHale, type RunningHale } from '../../support/acceptance/hale.js';
import { loopbackServer } from '../../support/acceptance/server.js';
import type { Measured } from '../../support/acceptance/step.js';

const secondsMax = 1;
const servicesCount = 6;
const names = Array.from({ length: servicesCount }, (_, number) => `s${number}`);
const hangMs = 60_000;

export const title = 'a receiver that hangs, one that answers 500 and one that floods delay no cycle';
export const bound = `cycles that call people, beside as many of a hale without channels: none more than ${secondsMax} s slower, fastest to slowest`;

/** How long each cycle took, in seconds, the fastest first. */
type Seconds = readonly number[];

/** Both run at the same time, so that whatever else the machine does slows both. */
export async function run(full: boolean): Promise<Measured> {
  const receivers = badReceivers();
  const rounds: { readonly without: Seconds; readonly paged: Seconds }[] = [];
  for (let round = 0; round < (full ? 5 : 2); round += 1) {
    const [without, paged] = await Promise.all([cyclesWith(''), receivers.use(cyclesWith)]);
    rounds.push({ without, paged });
  }
  const all = (of: 'without' | 'paged'): Seconds => rounds.flatMap((round) => round[of]).toSorted((one, other) => one - other);
  const worst = Math.max(...differences(all('paged'), all('without')));
  // What two rounds without channels differ by is the machine's.
  const noise = Math.max(...differences(rounds[0]?.without ?? [], rounds[1]?.without ?? []).map(Math.abs));
  const { hung, failed, flooded } = receivers.tries;
  const tried = hung >= rounds.length && failed >= rounds.length * 2 && flooded >= rounds.length;
  return {
    value: `${all('paged').length} cycles with and as many without, worst delay ${worst.toFixed(2)} s, noise ${noise.toFixed(2)} s`,
    ok: worst <= secondsMax,
    hitEnough: tried && (worst <= secondsMax || noise <= secondsMax),
    evidence: [
      `tries: ${hung} hung, ${failed} were answered 500, ${flooded} were flooded`,
      `seconds with channels: ${all('paged')
        .map((one) => one.toFixed(1))
        .join(' ')}`,
      `seconds without: ${all('without')
        .map((one) => one.toFixed(1))
        .join(' ')}`,
    ].join('\n'),
  };
}

const differences = (slow: Seconds, fast: Seconds): number[] => slow.map((seconds, index) => seconds - (fast[index] ?? Infinity));

/** Three servers that no pager should be, and how often each was tried. */
function badReceivers(): {
  readonly tries: { hung: number; failed: number; flooded: number };
  use: (work: (page: string) => Promise<Seconds>) => Promise<Seconds>;
} {
  const tries = { hung: 0, failed: 0, flooded: 0 };
  const hang: RequestListener = (_, response) => {
    tries.hung += 1;
    setTimeout(() => response.end(), hangMs).unref();
  };
  const fail: RequestListener = (_, response) => {
    tries.failed += 1;
    response.writeHead(500).end('no');
  };
  const flood: RequestListener = (_, response) => {
    tries.flooded += 1;
    response.writeHead(500);
    pour(response);
  };
  return {
    tries,
    use: async (work) => {
      const folder = await mkdtemp(join(tmpdir(), 'hale-acceptance-secrets-'));
      const servers = await Promise.all([hang, fail, flood].map(loopbackServer));
      try {
        const secrets = await Promise.all(
          servers.map(async ({ url }, index) => {
            await writeFile(join(folder, `${index}`), url);
            return `r${index}: {file: ${join(folder, `${index}`)}}`;
          }),
        );
        const hook = `{url: '${servers[2]?.url ?? ''}', secret: r2}`;
        return await work(`secrets: {${secrets.join(', ')}}\npolicy: {page: {slack: r0, teams: r1, webhook: ${hook}}}\n`);
      } finally {
        await Promise.all(servers.map((server) => server.close()));
        await rm(folder, { recursive: true });
      }
    },
  };
}

/** An answer without end. */
function pour(response: ServerResponse): void {
  if (!response.destroyed) response.write('x'.repeat(64_000), () => setImmediate(() => pour(response)));
}

/** The first correction does not help, so that each cycle calls people while it goes on; the second one does. */
const service = (name: string, url: string): string => `  ${name}:
    signals: {up: {http: '${url}/${name}', every: 1s, timeout: 900ms}}
    objectives: {up: {above: 0, for: 0s, hold: 3s}}
    limits: {escalateAfter: 10s}
    order: fixed
    corrections:
      vain: {exec: [/bin/true], resource: ${name}-vain, undo: nothingToRestore, repeatable: true, mode: act, within: 12s, hold: 3s}
      repair: {http: '${url}/${name}', method: POST, undo: nothingToRestore, repeatable: true, mode: act, within: 10s, hold: 3s}
`;

async function cyclesWith(page: string): Promise<Seconds> {
  const repaired = new Set<string>(names);
  const fleet = await loopbackServer((request, response) => {
    const name = (request.url ?? '').slice(1);
    if (request.method === 'POST') repaired.add(name);
    response.writeHead(repaired.has(name) ? 200 : 500).end();
  });
  const configuration = `apiVersion: hale/v1\n${page}services:\n${names.map((name) => service(name, fleet.url)).join('')}`;
  try {
    return await withHale(configuration, async (hale) => {
      await until(async () => (await hale.status()).services.every(({ state }) => state === 'ok'));
      repaired.clear();
      await until(async () => (await ended(hale)).size === servicesCount);
      const seconds = await ended(hale);
      return [...seconds.values()].toSorted((one, other) => one - other);
    });
  } finally {
    await fleet.close();
  }
}

const incidents = z.object({
  data: z.array(
    z.object({ service: z.string(), outcome: z.string().nullable(), startedAt: z.iso.datetime(), endedAt: z.iso.datetime().nullable() }),
  ),
});

/** Seconds of each incident that has ended well. */
async function ended({ state }: RunningHale): Promise<ReadonlyMap<string, number>> {
  const { output } = await command('node', ['bin/hale.mjs', 'incidents', '--json', '--state', state], process.cwd());
  const { data } = incidents.parse(JSON.parse(output.slice(output.indexOf('{'))));
  return new Map(
    data.flatMap(({ service: name, outcome, startedAt, endedAt }) =>
      outcome === 'healed' && endedAt !== null ? [[name, (Date.parse(endedAt) - Date.parse(startedAt)) / 1_000] as const] : [],
    ),
  );
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const limit = Date.now() + 120_000;
  while (!(await holds())) {
    if (Date.now() > limit) throw new Error('waited for 120 s in vain');
    await wait(2_000);
  }
}
