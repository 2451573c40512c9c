import { randomBytes } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import pg from 'pg';
import { command } from '../../support/acceptance/command.js';
import { withHale, type RunningHale, type Status } from '../../support/acceptance/hale.js';
import { leaksBelow, leaksIn, type Leak } from '../../support/acceptance/leaks.js';
import { loopbackServer } from '../../support/acceptance/server.js';
import type { Measured } from '../../support/acceptance/step.js';

const kinds = ['target', 'prometheus', 'alertmanager', 'pagerduty', 'grafana'] as const;
type Kind = (typeof kinds)[number];
type Secrets = Readonly<Record<Kind, string>>;

const [TAME, LOUD] = [10, 6];
const services = [
  ...Array.from({ length: TAME }, (_, number) => `tame-${number}`),
  ...Array.from({ length: LOUD }, (_, number) => `loud-${number}`),
];
const isLoud = (service: string): boolean => service.startsWith('loud');
const MINUTES_MAX = 20;

export const title = 'secrets that targets really receive are found nowhere else';
export const bound =
  '5 kinds of secrets, each received by its target (the correction`s 200 times), 50 cycles that fail loudly with the secret in the answer: 0 in histories, databases, state, logs, answers and pages; planted ones found';

export async function run(full: boolean): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'hale-secrets-'));
  const secrets = Object.fromEntries(kinds.map((kind) => [kind, `${kind}+/%~${randomBytes(18).toString('base64')}`])) as Secrets;
  const world = new World(secrets);
  const server = await loopbackServer(world.answer);
  try {
    await Promise.all(kinds.map((kind) => writeFile(join(folder, kind), secrets[kind], { mode: 0o600 })));
    return await withHale(configuration(folder, server.url), (hale) => measure(hale, world, secrets, full ? [200, 50] : [30, 6]));
  } finally {
    await server.close();
    await rm(folder, { recursive: true });
  }
}

const configuration = (folder: string, url: string): string => `apiVersion: hale/v1
secrets: {${kinds.map((kind) => `${kind}: {file: ${join(folder, kind)}}`).join(', ')}}
sources:
  prom: {prometheus: '${url}/prometheus', token: prometheus, refresh: 1s}
  am: {alertmanager: '${url}/alertmanager', token: alertmanager}
  pd: {pagerduty: '${url}/pagerduty'}
  graf: {grafana: '${url}/grafana', token: grafana}
policy:
  attempts: 100
  page: {pagerduty: {source: pd, key: pagerduty}, grafana: {source: graf}}
  yieldTo: [alertmanagerSilence]
  freeze: {reversals: 1000}
services:
${services.map((name) => serviceOf(name, url)).join('')}`;

const serviceOf = (name: string, url: string): string => `  ${name}:
    signals: {bad: {source: prom, query: 'bad{service="${name}"}', every: 1s}}
    objectives: {bad: {below: 1, for: 0s, hold: 3s}}
    corrections:
      fix:
        http: '${url}/target/${name}'
        headers: {Authorization: {bearer: target}}
        verify: '${url}/verify/${name}'
        undo: nothingToRestore
        mode: act
        cooldown: 0s
        timeout: 3s
        hold: 3s
        within: ${isLoud(name) ? '4s' : '20s'}
`;

/** Everything that hale talks to: it counts what it is shown, and repeats it loudly wherever it says no. */
class World {
  readonly received: Record<Kind, number> = { target: 0, prometheus: 0, alertmanager: 0, pagerduty: 0, grafana: 0 };
  readonly pages: Buffer[] = [];
  readonly #broken = new Set<string>();
  #requests = 0;

  constructor(private readonly secrets: Secrets) {}

  break(service: string): void {
    this.#broken.add(service);
  }

  heal(service: string): void {
    this.#broken.delete(service);
  }

  readonly isBroken = (service: string): boolean => this.#broken.has(service);

  readonly answer: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => this.#answer(request, Buffer.concat(chunks).toString('utf8'), response));
  };

  #answer(request: IncomingMessage, body: string, response: ServerResponse): void {
    const [, part = '', name = ''] = (request.url ?? '').split('/');
    if (part === 'verify') return void response.writeHead(404).end();
    const kind = part as Kind;
    const shown = `${request.headers.authorization ?? ''} ${body}`;
    if (shown.includes(this.secrets[kind])) this.received[kind] += 1;
    if (kind === 'pagerduty' || kind === 'grafana')
      this.pages.push(Buffer.from(body.replaceAll(JSON.stringify(this.secrets.pagerduty).slice(1, -1), '')));
    // Each server has a bad moment now and then, and shows in its answer whom it had before it.
    this.#requests += 1;
    if (kind !== 'target' && this.#requests % (kind === 'prometheus' ? 97 : 5) === 0) return loudly(response, shown);
    this.#well(kind, name, request, body, shown, response);
  }

  #well(kind: Kind, name: string, request: IncomingMessage, body: string, shown: string, response: ServerResponse): void {
    const json = (value: unknown): void => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    switch (kind) {
      case 'target':
        if (isLoud(name)) return loudly(response, shown);
        this.heal(name);
        return json({});
      case 'prometheus': {
        const query = new URLSearchParams(body || (request.url ?? '').split('?')[1]).get('query') ?? '';
        const result = askedIn(query).map((metric) => ({
          metric,
          value: [Date.now() / 1000, this.isBroken(metric.service ?? '') ? '1' : '0'],
        }));
        return json({ status: 'success', data: { resultType: 'vector', result } });
      }
      case 'alertmanager':
        return json([]);
      case 'pagerduty':
        return void response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"success"}');
      case 'grafana':
        return json({ id: 1 });
    }
  }
}

/** The services of a query, each with the label that `label_replace` gives to it where several are asked about at once. */
const askedIn = (query: string): Record<string, string>[] =>
  [...query.matchAll(/bad\{service="([^"]+)"\}(?:\s*\), "(\w+)", "(\w+)")?/g)].map(([, service = '', label, value = '']) => ({
    service,
    ...(label !== undefined && { [label]: value }),
  }));

function loudly(response: ServerResponse, shown: string): void {
  const forms = [shown, Buffer.from(shown).toString('base64'), encodeURIComponent(shown), JSON.stringify({ shown })];
  response.writeHead(500, { 'content-type': 'text/plain' }).end(`this went wrong: ${forms.join(' | ')}`);
}

async function measure(
  hale: RunningHale,
  world: World,
  secrets: Secrets,
  [receipts, loudCycles]: readonly [number, number],
): Promise<Measured> {
  const { state } = hale;
  const status = await hale.status();
  const pool = new pg.Pool({ connectionString: status.database.url, max: 2 });
  try {
    await allWell(hale);
    const failed = await untilEnough({ pool, state }, world, receipts, loudCycles);
    await wait(3_000); // For the last pages.
    const told = await toldEverywhere(hale, status, pool, world);
    const [below, leaks] = [await leaksBelow(state, secrets), told.flatMap(([where, bytes]) => leaksIn(where, bytes, secrets))];
    const all = [...below.leaks, ...leaks];
    const planted = await plantedFound(state, secrets);
    const bytes = below.bytes + told.reduce((sum, [, part]) => sum + part.length, 0);
    const { received } = world;
    const hitEnough =
      received.target >= receipts && failed >= loudCycles && kinds.every((kind) => received[kind] > 0) && planted === kinds.length * 2;
    return {
      value: `received ${kinds.map((kind) => `${kind} ${received[kind]}`).join(', ')}; ${failed} cycles failed loudly; ${all.length} leaks in ${(bytes / 1e6).toFixed(0)} MB of ${told.length} texts and the state folder; planted found ${planted}/${kinds.length * 2}`,
      ok: all.length === 0,
      hitEnough,
      evidence: summaryOf(all),
    };
  } finally {
    await pool.end();
  }
}

const summaryOf = (leaks: readonly Leak[]): string =>
  [...new Set(leaks.map(({ secret, form, where }) => `${secret} (${form}) in ${where}`))].slice(0, 40).join('\n');

async function allWell(hale: RunningHale): Promise<void> {
  while (!(await hale.status()).services.every(({ state }) => state === 'ok')) await wait(500);
}

/** Breaks whatever is well and not at work; a person repairs and resumes what a loud cycle has given up. */
async function untilEnough(
  { pool, state }: { readonly pool: pg.Pool; readonly state: string },
  world: World,
  receipts: number,
  loudCycles: number,
): Promise<number> {
  const deadline = Date.now() + MINUTES_MAX * 60_000;
  for (;;) {
    const failed = await countOf(pool, `select count(*) as n from cycles where outcome in ('escalated', 'stranded')`);
    if ((world.received.target >= receipts && failed >= loudCycles) || Date.now() > deadline) return failed;
    const { rows: cycles } = await pool.query<{ service: string }>(
      `select i.service from cycles c join incidents i on i.id = c.incident where c.ended_at is null`,
    );
    const { rows: held } = await pool.query<{ service: string }>(
      `select split_part(key, '/', 2) as service from settings where key like 'hold/%'`,
    );
    for (const { service } of held) await repair(service, world, state);
    const busy = new Set([...cycles, ...held].map(({ service }) => service));
    for (const service of services) if (!busy.has(service)) world.break(service);
    await wait(500);
  }
}

async function repair(service: string, world: World, state: string): Promise<void> {
  world.heal(service);
  await command('node', ['bin/hale.mjs', 'resume', service, '--by', 'keeper', '--json', '--state', state], process.cwd());
}

const countOf = async (pool: pg.Pool, sql: string): Promise<number> => Number((await pool.query<{ n: string }>(sql)).rows[0]?.n ?? 0);

/** All that people and programs are told, and all that the databases have, by where it was. */
async function toldEverywhere(
  { state }: RunningHale,
  { temporal, web }: Status,
  pool: pg.Pool,
  world: World,
): Promise<(readonly [string, Buffer])[]> {
  const told: (readonly [string, Buffer])[] = world.pages.map((page, index) => [`page ${index}`, page] as const);
  for (const words of [['status'], ['incidents', '--limit', '1000'], ['effects'], ['doctor'], ['alerts']]) {
    const { output } = await command('node', ['bin/hale.mjs', ...words, '--json', '--state', state], process.cwd());
    told.push([`hale ${words.join(' ')}`, Buffer.from(output)]);
  }
  for (const path of ['/', '/metrics', '/healthz'])
    told.push([`GET ${path}`, Buffer.from(await (await fetch(`${web.url}${path}`)).arrayBuffer())]);
  const { rows: tables } = await pool.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'public'`,
  );
  for (const { name } of tables) {
    const { rows } = await pool.query<{ row: string }>(`select to_jsonb(t)::text as row from ${name} t`);
    told.push([`table ${name}`, Buffer.from(rows.map(({ row }) => row).join('\n'))]);
  }
  return [...told, ...(await histories(temporal))];
}

async function histories({ address, namespace }: Status['temporal']): Promise<(readonly [string, Buffer])[]> {
  const connection = await Connection.connect({ address });
  try {
    const { workflow } = new Client({ connection, namespace });
    const all: (readonly [string, Buffer])[] = [];
    for await (const { workflowId, runId } of workflow.list())
      all.push([`history ${workflowId}`, Buffer.from(historyToJSON(await workflow.getHandle(workflowId, runId).fetchHistory()))]);
    return all;
  } finally {
    await connection.close();
  }
}

/** The same search must find what was put there for it: in a file as base64, and in a gzipped one. */
async function plantedFound(state: string, secrets: Secrets): Promise<number> {
  const planted = join(state, 'logs', 'planted');
  let found = 0;
  for (const kind of kinds) {
    for (const content of [Buffer.from(`x${secrets[kind]}y`).toString('base64'), gzipSync(`log line ${secrets[kind]}`)]) {
      await writeFile(planted, content);
      const { leaks } = await leaksBelow(join(state, 'logs'), secrets);
      if (leaks.some((leak) => leak.secret === kind && leak.where === 'planted')) found += 1;
    }
  }
  await rm(planted);
  return found;
}
