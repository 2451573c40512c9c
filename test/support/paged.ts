import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { onTestFinished } from 'vitest';
import type { Notifier, Ports } from '../../activities/ports.js';
import { currentFleet } from '../../adapters/postgres/configurations.js';
import { postgresSwitches, type Switches } from '../../adapters/postgres/controls.js';
import { type Deliveries, postgresDeliveries } from '../../adapters/postgres/deliveries.js';
import { postgresRecords } from '../../adapters/postgres/read.js';
import { composeNotifiers } from '../../workers/compose.js';
import { deliverPages } from '../../workers/deliver.js';
import type { Links } from '../../domain/channel.js';
import { configured } from './configured.js';
import { freshFolder } from './knob.js';

export interface Paged {
  readonly pool: pg.Pool;
  readonly ports: Ports;
  /** Opens an incident of the shop, as a cycle does. */
  readonly open: (service?: string) => Promise<{ readonly incident: string; readonly cycle: string }>;
  readonly call: (incident: string, more?: Readonly<Record<string, unknown>>) => Promise<void>;
  /** Delivers until the test ends, as a worker does; answers how to end it now. */
  readonly deliver: (tryMs?: number, slack?: Notifier<'slack'>, links?: Links) => () => Promise<void>;
  /** Waits until every delivery of this channel is in one of these states. */
  readonly settled: (channel: string, states?: readonly string[]) => Promise<Delivered[]>;
  readonly deliveries: Deliveries;
  readonly records: ReturnType<typeof postgresRecords>;
  readonly switches: Switches;
  readonly channel: (name: string) => Promise<{ readonly failures: number; readonly restsMs: number }>;
  /** A worker that sends what is due and is killed before it can say so. */
  readonly dieAfterSending: () => Promise<void>;
  readonly leaseEnds: (channel: string) => Promise<void>;
  readonly until: (holds: () => Promise<boolean>) => Promise<void>;
  /** Another text for a secret. */
  readonly write: (secret: string, text: string) => Promise<void>;
}

export interface Delivered {
  readonly purpose: string;
  readonly state: string;
  readonly tries: number;
  readonly answer: string | null;
}

let calls = 0;

/** hale with these teams and secrets, and a service `shop` of team `web` that nothing measures. */
export async function paged(page: string, secrets: Readonly<Record<string, string>>, more = ''): Promise<Paged> {
  const folder = await freshFolder();
  const named = await Promise.all(
    Object.entries(secrets).map(async ([name, secret]) => {
      await writeFile(join(folder, name), `${secret}\n`);
      return `  ${name}: {file: ${join(folder, name)}}`;
    }),
  );
  const { pool, ports } = await configured(`apiVersion: hale/v1
environment: prod
secrets:
${named.join('\n')}
${more}
teams:
  web: {page: ${page}}
services:
  shop:
    team: web
    signals: {up: {http: 'http://127.0.0.1:9/health', every: 1s}}
    objectives: {up: {above: 0, for: 0s}}
`);
  let number = 0;
  return {
    pool,
    ports,
    open: async (service = 'shop') => {
      const cycle = `cycle-${number++}`;
      const { incident } = await ports.incidents.open({
        key: `${cycle}/opened`,
        cycle,
        workflowId: `heal/${service}/-`,
        service,
        by: 'test',
        onset: Date.now(),
        configVersion: 'v1',
        relapseWithinMs: 0,
      });
      return { incident, cycle };
    },
    call: (incident, data = { why: 'escalated', sentence: 'nothing helped' }) =>
      ports.incidents.note({ key: `call-${calls++}`, kind: 'person.called', service: 'shop', incident, data }),
    deliver: (tryMs, slack, links) => deliver(pool, tryMs, slack, links),
    deliveries: postgresDeliveries(pool),
    records: postgresRecords(pool),
    switches: postgresSwitches(pool),
    channel: async (name) => {
      const { rows } = await pool.query<{ failures: number; restsMs: number }>(
        `select failures, (extract(epoch from rest_until - clock_timestamp()) * 1000)::float8 as "restsMs" from channels where channel = $1`,
        [name],
      );
      return rows[0] ?? { failures: 0, restsMs: 0 };
    },
    dieAfterSending: () => dieAfterSending(pool),
    leaseEnds: async (channel) => void (await pool.query("update channels set busy_until = '-infinity' where channel = $1", [channel])),
    until,
    write: (secret, text) => writeFile(join(folder, secret), text),
    settled: (channel, states = ['sent', 'folded', 'refused', 'failed', 'gone']) => settled(pool, channel, states),
  };
}

const partsOf = (pool: pg.Pool) => ({ records: postgresRecords(pool), notifiers: composeNotifiers(), fleet: currentFleet(pool) });

function deliver(pool: pg.Pool, tryMs?: number, slack?: Notifier<'slack'>, links: Links = {}): () => Promise<void> {
  const abort = new AbortController();
  const failures: unknown[] = [];
  const parts = partsOf(pool);
  const notifiers = slack === undefined ? parts.notifiers : { ...parts.notifiers, slack };
  const delivering = { ...parts, notifiers, links, deliveries: postgresDeliveries(pool) };
  const options = { everyMs: 20, abort: abort.signal, failed: (error: unknown) => void failures.push(error) };
  const running = deliverPages(delivering, { ...options, ...(tryMs === undefined ? {} : { tryMs }) });
  const end = async (): Promise<void> => {
    abort.abort();
    await running;
    if (failures.length > 0) throw failures[0];
  };
  onTestFinished(end);
  return end;
}

/** The row of its turn is all that a killed worker leaves: it is made by whoever sends, without the last step. */
async function dieAfterSending(pool: pg.Pool): Promise<void> {
  const abort = new AbortController();
  const real = postgresDeliveries(pool);
  const dead = new Promise<void>((resolve) => {
    const deliveries: Deliveries = { ...real, settle: async () => resolve() };
    const options = { everyMs: 20, abort: abort.signal, failed: () => undefined };
    void deliverPages({ ...partsOf(pool), deliveries }, options);
  });
  await dead;
  abort.abort();
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function settled(pool: pg.Pool, channel: string, states: readonly string[]): Promise<Delivered[]> {
  for (;;) {
    const head = await pool.query('select from deliveries_head join ledger_head using (seq)');
    const { rows } = await pool.query<Delivered>('select purpose, state, tries, answer from deliveries where channel = $1 order by seq', [
      channel,
    ]);
    if (head.rowCount === 1 && rows.every(({ state }) => states.includes(state))) return rows;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
