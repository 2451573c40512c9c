import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { openSwitches } from '../../../adapters/postgres/controls.js';
import * as wire from '../../../contracts/cli.js';
import { command } from '../../support/acceptance/command.js';
import { withHale, type RunningHale } from '../../support/acceptance/hale.js';
import { slowFixes, type Fix, type SlowFixes } from '../../support/acceptance/slow-fixes.js';
import type { Measured } from '../../support/acceptance/step.js';

const SERVICES = 12;
const GRACE_MS = 1_000;
/** How long nobody may act after a stop, for this round to count as obeyed. */
const WATCH_MS = 4_000;
/** A request this close to the commit of the stop may have been settled before it was looked for. */
const BLUR_MS = 250;

export const title = 'a stop keeps every effect from starting';
export const bound = `no effect starts more than ${GRACE_MS} ms after the answer, 20 of 20 each; what was in flight is listed with its end`;

const modes = ['everything up', 'Temporal frozen', 'workers killed', 'web killed'] as const;
type Mode = (typeof modes)[number];

export async function run(full: boolean): Promise<Measured> {
  const target = await slowFixes(SERVICES);
  try {
    return await withHale(target.configuration, (hale) => measure(hale, target, full ? 20 : 2));
  } finally {
    target.close();
  }
}

interface Round {
  readonly mode: Mode;
  readonly late: number;
  /** Effects that the target saw under way when the stop was committed, and those of them that the answer names. */
  readonly inFlight: number;
  readonly listed: number;
  readonly wasActing: boolean;
  readonly why: string;
}

async function measure(hale: RunningHale, target: SlowFixes, rounds: number): Promise<Measured> {
  const pool = new pg.Pool({ connectionString: (await hale.status()).database.url, max: 2 });
  // The database's server is no part of what is broken here, but its connections end with the tree.
  pool.on('error', () => undefined);
  const all: Round[] = [];
  try {
    const hits = (mode: Mode): number => all.filter((one) => one.mode === mode && one.wasActing).length;
    // A stop before which nobody acted shows nothing: its round is made again, but not for ever.
    for (let tries = 0; tries < 2 * rounds; tries += 1)
      for (const mode of modes) if (hits(mode) < rounds) all.push(await stopRound(hale, pool, target, mode));
  } finally {
    await pool.end();
  }
  const of = (mode: Mode): Round[] => all.filter((one) => one.mode === mode && one.wasActing);
  const inFlight = all.reduce((sum, one) => sum + one.inFlight, 0);
  const listed = all.reduce((sum, one) => sum + one.listed, 0);
  return {
    value: `${modes.map((mode) => `${mode} ${of(mode).filter(({ late }) => late === 0).length}/${rounds}`).join(', ')}; ${listed} of ${inFlight} in flight listed`,
    ok: all.every(({ late }) => late === 0) && listed === inFlight,
    hitEnough: modes.every((mode) => of(mode).length >= rounds) && inFlight >= rounds,
    evidence: all.flatMap(({ mode, why }) => (why === '' ? [] : [`${mode}: ${why}`])).join('\n'),
  };
}

/** What was validated while its worker was away is judged too late, and its service held: that is not what this step is about. */
async function goOn(hale: RunningHale, { names }: SlowFixes): Promise<void> {
  await command('node', ['bin/hale.mjs', 'resume', '--all', '--state', hale.state], process.cwd());
  const switches = await openSwitches((await hale.status()).database.url);
  for (const name of names) await switches.resumeHolds(name, { by: 'acceptance', key: randomUUID() });
  await switches.close();
}

async function stopRound(hale: RunningHale, pool: pg.Pool, target: SlowFixes, mode: Mode): Promise<Round> {
  await goOn(hale, target);
  await until('somebody acts', async () => underWay(target.fixes, Date.now()).length > 0);
  const before = await latestEvent(pool);
  const repair = await breakFor(mode, hale);
  const { output } = await command('node', ['bin/hale.mjs', 'stop', '--json', '--state', hale.state], process.cwd());
  const answeredAt = Date.now();
  const stopped = wire.stopped.parse((JSON.parse(output.slice(output.indexOf('{'))) as { data: unknown }).data);
  await wait(WATCH_MS / 2);
  await repair(); // A stop holds when what was away comes back.
  await wait(WATCH_MS / 2);
  const committedAt = await stopCommittedAt(pool, before);
  const late = target.fixes.filter(({ startedAt }) => startedAt > answeredAt + GRACE_MS);
  const inFlight = underWay(target.fixes, committedAt).filter(({ endedAt }) => endedAt === undefined || endedAt > committedAt + BLUR_MS);
  const named = new Set(stopped.inFlight.map(({ actionId }) => actionId));
  const unlisted = inFlight.filter(({ actionId }) => !named.has(actionId));
  const wasActing = target.fixes.some(({ startedAt }) => startedAt > committedAt - 3_000 && startedAt <= committedAt);
  const why = [
    ...late.map(({ actionId, startedAt }) => `${actionId} started ${startedAt - answeredAt} ms after the answer`),
    ...unlisted.map(({ actionId }) => `${actionId} was in flight and is not listed`),
    ...(wasActing ? [] : ['nobody was acting']),
  ].join('; ');
  return { mode, late: late.length, inFlight: inFlight.length, listed: inFlight.length - unlisted.length, wasActing, why };
}

const underWay = (fixes: readonly Fix[], at: number): Fix[] =>
  fixes.filter(({ startedAt, endedAt }) => startedAt < at && (endedAt === undefined || endedAt > at));

/** Breaks what the mode is about; answers what puts it right where nobody else does. */
async function breakFor(mode: Mode, hale: RunningHale): Promise<() => Promise<void>> {
  const nothing = async (): Promise<void> => undefined;
  if (mode === 'everything up') return nothing;
  const { processes } = await hale.status();
  const role = { 'Temporal frozen': 'temporal', 'workers killed': 'cycles', 'web killed': 'web' }[mode];
  const pids = processes.filter((one) => one.role.startsWith(role)).map(({ pid }) => pid);
  if (pids.length === 0) throw new Error(`no process of role ${role}`);
  for (const pid of pids) process.kill(pid, mode === 'Temporal frozen' ? 'SIGSTOP' : 'SIGKILL');
  return mode === 'Temporal frozen' ? async () => pids.forEach((pid) => void process.kill(pid, 'SIGCONT')) : nothing;
}

async function latestEvent(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query<{ seq: string }>('select coalesce(max(seq), 0) as seq from events');
  return rows[0]?.seq ?? '0';
}

/** The ledger writes a stop in the stop's own transaction. */
async function stopCommittedAt(pool: pg.Pool, after: string): Promise<number> {
  const { rows } = await pool.query<{ at: string }>(
    `select body::jsonb->>'at' as at from events where seq > $1 and body::jsonb->>'kind' = 'stop.set' order by seq desc limit 1`,
    [after],
  );
  if (rows[0] === undefined) throw new Error('the ledger knows of no stop');
  return Date.parse(`${rows[0].at}Z`);
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited for two minutes in vain until ${what}`);
    await wait(10);
  }
}
