import { chmod, mkdtemp, readFile, readlink, rename, rm, symlink, writeFile, mkdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { z } from 'zod';
import { command } from '../../support/acceptance/command.js';
import { withHale, type RunningHale } from '../../support/acceptance/hale.js';
import type { Measured } from '../../support/acceptance/step.js';

export const title = 'an undo leaves alone what a person changed meanwhile';
export const bound = '20 of 20 per provider end stranded, with what was expected and what was found, and the change of the person stays';

/** One target whose correction helps nothing, so that hale takes it back; between the two a person changes it. */
interface Target {
  readonly provider: string;
  /** The correction as the configuration has it, without mode and times. */
  readonly correction: string;
  /** Makes the target good again, before anybody is told that the service is well: it becomes the last good one. */
  readonly repair: () => Promise<void>;
  /** Makes the target as it is before this round's correction. */
  readonly reset: (round: number) => Promise<void>;
  readonly isCorrected: (round: number) => Promise<boolean>;
  /** What the person makes of it in this round. */
  readonly change: (round: number) => Promise<void>;
  readonly isAsChanged: (round: number) => Promise<boolean>;
}

export async function run(full: boolean): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'hale-changed-'));
  const servers: Server[] = [];
  try {
    const http = await httpTarget();
    servers.push(http.server);
    const targets = [await fileTarget(folder), await releaseTarget(folder), await execTarget(folder), http.target];
    await Promise.all(targets.map(({ provider }) => writeFile(join(folder, `${provider}.health`), '1')));
    return await withHale(configuration(folder, targets), (hale) => measure(hale, folder, targets, full ? 20 : 3));
  } finally {
    for (const server of servers) server.close();
    await rm(folder, { recursive: true });
  }
}

const configuration = (folder: string, targets: readonly Target[]): string => `apiVersion: hale/v1
services:
${targets
  .map(
    ({ provider, correction }) => `  ${provider}:
    signals: {up: {exec: [/bin/cat, ${folder}/${provider}.health], every: 500ms}}
    objectives: {up: {above: 0, for: 0s, hold: 1500ms}}
    corrections: {fix: {${correction}, mode: act, hold: 1500ms, within: 1500ms, cooldown: 0s}}`,
  )
  .join('\n')}
`;

async function fileTarget(folder: string): Promise<Target> {
  const path = join(folder, 'service.conf');
  await writeFile(path, 'good');
  const text = (): Promise<string> => readFile(path, 'utf8');
  return {
    provider: 'file',
    correction: `file: ${path}, restore: lastGood`,
    repair: () => writeFile(path, 'good'),
    reset: (round) => writeFile(path, `bad ${round}`),
    isCorrected: async () => (await text()) === 'good',
    change: (round) => writeFile(path, `by a person ${round}`),
    isAsChanged: async (round) => (await text()) === `by a person ${round}`,
  };
}

async function releaseTarget(folder: string): Promise<Target> {
  const link = join(folder, 'current');
  for (const release of ['v1', 'v2', 'v3']) await mkdir(join(folder, 'releases', release), { recursive: true });
  const point = async (release: string): Promise<void> => {
    await symlink(join('releases', release), `${link}.new`);
    await rename(`${link}.new`, link);
  };
  await point('v1');
  return {
    provider: 'release',
    correction: `release: ${link}, restore: lastGood`,
    repair: () => point('v1'),
    reset: () => point('v2'),
    isCorrected: async () => (await readlink(link)) === 'releases/v1',
    change: () => point('v3'),
    isAsChanged: async () => (await readlink(link)) === 'releases/v3',
  };
}

/** A knob with a `verify` that prints its state: as much as an opaque command can tell hale. */
async function execTarget(folder: string): Promise<Target> {
  const state = join(folder, 'knob');
  const program = join(folder, 'turn');
  await writeFile(state, 'off');
  await writeFile(
    program,
    `#!/bin/sh\ncd ${folder}\ncase $1 in\nverify) [ "$(cat knob.by)" = "$HALE_ACTION_ID" ] || exit 1; cat knob;;\n*) echo "$1" > knob; echo "$HALE_ACTION_ID" > knob.by;;\nesac\n`,
  );
  await chmod(program, 0o755);
  const text = async (): Promise<string> => (await readFile(state, 'utf8')).trim();
  return {
    provider: 'exec',
    correction: `exec: [${program}, 'on'], undo: {exec: [${program}, 'off']}, verify: [${program}, verify]`,
    repair: async () => undefined,
    reset: async () => {
      await writeFile(state, 'off');
      await writeFile(`${state}.by`, '');
    },
    isCorrected: async () => (await text()) === 'on',
    change: (round) => writeFile(state, `person-${round}`),
    isAsChanged: async (round) => (await text()) === `person-${round}`,
  };
}

/** A knob over HTTP that tells its version as an ETag, and by action id whether it was the last one that was done. */
async function httpTarget(): Promise<{ target: Target; server: Server }> {
  let state = 'off';
  let by = '';
  const server = createServer((request, response) => {
    const action = String(request.headers['idempotency-key'] ?? '');
    const tag = `"${state}"`;
    if (request.method === 'GET') return void response.writeHead(action === by && by !== '' ? 200 : 404, { ETag: tag }).end(state);
    if (request.headers['if-match'] !== undefined && request.headers['if-match'] !== tag) return void response.writeHead(412).end();
    state = request.url === '/on' ? 'on' : 'off';
    by = action;
    return void response.writeHead(200, { ETag: `"${state}"` }).end(state);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const target: Target = {
    provider: 'http',
    correction: `http: '${url}/on', undo: {http: '${url}/off'}, verify: '${url}/knob'`,
    repair: async () => undefined,
    reset: async () => void ([state, by] = ['off', '']),
    isCorrected: async () => state === 'on',
    change: async (round) => void (state = `person-${round}`),
    isAsChanged: async (round) => state === `person-${round}`,
  };
  return { target, server };
}

const detail = z.object({
  data: z.object({
    outcome: z.string().nullable(),
    effects: z.array(z.object({ state: z.string(), after: z.string().nullable(), why: z.string().nullable() })),
  }),
});
const list = z.object({ data: z.array(z.object({ id: z.string(), service: z.string(), endedAt: z.string().nullable() })) });

async function measure(hale: RunningHale, folder: string, targets: readonly Target[], rounds: number): Promise<Measured> {
  const pool = new pg.Pool({ connectionString: (await hale.status()).database.url, max: 4 });
  try {
    await goodIsKnown(pool);
    return judged(targets, rounds, await Promise.all(targets.map((target) => strandedRounds({ hale, pool, folder }, target, rounds))));
  } finally {
    await pool.end();
  }
}

function judged(targets: readonly Target[], rounds: number, failures: readonly string[][]): Measured {
  const shown = targets.map(({ provider }, index) => `${provider} ${rounds - (failures[index]?.length ?? 0)}/${rounds}`);
  return {
    value: shown.join(', '),
    ok: failures.flat().length === 0,
    hitEnough: true,
    evidence: failures.flat().join('\n'),
  };
}

/** Watch has seen the targets of a last good one healthy for their hold window. */
const goodIsKnown = (pool: pg.Pool): Promise<void> =>
  until('what is good is known', async () => {
    const { rowCount } = await pool.query("select distinct service from known_good where service in ('file', 'release')");
    return rowCount === 2;
  });

interface Stage {
  readonly hale: RunningHale;
  readonly pool: pg.Pool;
  readonly folder: string;
}

async function strandedRounds({ hale, pool, folder }: Stage, target: Target, rounds: number): Promise<string[]> {
  const applied = async (service: string): Promise<boolean> =>
    (await pool.query("select from effects where service = $1 and state = 'applied'", [service])).rowCount === 1;
  const failures: string[] = [];
  const health = join(folder, `${target.provider}.health`);
  for (let round = 0; round < rounds; round += 1) {
    await target.reset(round);
    await writeFile(health, '0');
    await until(
      `${target.provider} is corrected, and hale knows`,
      async () => (await target.isCorrected(round)) && applied(target.provider),
    );
    await target.change(round);
    const { outcome, effects } = await ended(hale, target.provider, round);
    const last = effects.at(-1);
    const showsBoth = last?.state === 'stranded' && /expected .+, found .+/.test(last.why ?? '');
    if (outcome !== 'stranded' || !showsBoth || !(await target.isAsChanged(round)))
      failures.push(`${target.provider} round ${round}: ${outcome}, ${JSON.stringify(last)}`);
    await target.repair();
    await writeFile(health, '1');
    await cli(hale, 'resume', target.provider);
    await wait(2_500); // The finding must close, so that the next round's is news.
  }
  return failures;
}

/** The incident of this round: after a stranded one, each trouble is a new incident. */
async function ended(hale: RunningHale, service: string, round: number): Promise<z.infer<typeof detail>['data']> {
  let found: z.infer<typeof detail>['data'] | undefined;
  await until(`${service} round ${round} ends`, async () => {
    const { data } = list.parse(JSON.parse(await cli(hale, 'incidents', '--service', service, '--json')));
    const newest = data[0];
    if (newest === undefined || newest.endedAt === null || data.length <= round) return false;
    found = detail.parse(JSON.parse(await cli(hale, 'incidents', newest.id, '--json'))).data;
    return true;
  });
  if (found === undefined) throw new Error('no incident');
  return found;
}

async function cli(hale: RunningHale, ...args: readonly string[]): Promise<string> {
  const { output } = await command('node', ['bin/hale.mjs', ...args, '--state', hale.state], process.cwd());
  return output.slice(Math.max(0, output.indexOf('{')));
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited for a minute in vain until ${what}`);
    await wait(20);
  }
}
