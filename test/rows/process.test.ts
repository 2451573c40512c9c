// Row 50: what happens to hale's own processes; and row 18, a queue on which nobody polls, as a command tells it.
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect } from 'vitest';
import { openDatabase } from '../../adapters/postgres/database.js';
import { identify } from '../../workers/stack/process-identity.js';
import { minimalFile } from '../support/configuration.js';
import { freshDatabase } from '../support/database.js';
import { hale } from '../support/hale-command.js';
import { HaleUp, stateFolder } from '../support/hale-up.js';
import { freshFolder } from '../support/knob.js';
import { closed, shopConfigured, shopIncident } from '../support/recorded.js';
import { devServer } from '../support/temporal.js';
import { row, type Guard } from './table.js';

let env: TestWorkflowEnvironment;
beforeAll(async () => void (env = await devServer()), 60_000);
afterAll(() => env.teardown());

/** The doctor on a Temporal server whose queues nobody serves. */
const examined = async (): Promise<(queue: string) => Promise<string>> => {
  const { pool, url } = await freshDatabase();
  await shopConfigured(pool);
  return async (queue) => {
    const { code, stdout } = await hale(['doctor', '--database', url, '--temporal', env.address]);
    return `${code} ${stdout.split('\n').find((line) => line.includes(queue)) ?? 'nothing'}`;
  };
};

row(18, 'CLI', 'a queue on which nobody polls is named by the doctor', examined, [
  ['workers of hale-cycles', /^7 .*workers of hale-cycles/, ['client/cli/doctor.ts', 'nobody polls: nothing on this queue is done']],
]);

const launcher = fileURLToPath(new URL('../../bin/hale.mjs', import.meta.url));

/** `hale check` by a shell, with its output going there; the exit code and what is left to see. */
const piped = async (): Promise<(rest: string) => Promise<string>> => {
  const file = join(await freshFolder(), 'hale.yaml');
  await writeFile(file, minimalFile);
  return (rest) =>
    new Promise((resolve) => {
      const line = rest.replace('HALE', `${process.execPath} ${launcher} check --schema`);
      const shell = spawn('/bin/bash', ['-c', line], { stdio: ['ignore', 'pipe', 'pipe'] });
      let seen = '';
      for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (chunk: Buffer) => (seen += chunk.toString()));
      shell.once('close', (code) => resolve(`${code} ${seen.replaceAll('\n', ' ').slice(0, 200)}`));
    });
};

const stdout: Guard = ['client/cli/main.ts', "process.stdout.on('error'"];

row(50, 'process', 'a reader that goes away is no failure, and a full disk is one that says nothing false', piped, [
  ['HALE | head -c 1; echo "${PIPESTATUS[0]}"', /^0 .*\b0 $/, stdout],
  ['HALE > /dev/full', /^1 hale: what it has to say can't be written: ENOSPC/, stdout],
]);

/** The list of incidents under these variables of the environment. */
const listed = async (): Promise<(variables: Readonly<Record<string, string>>) => Promise<string>> => {
  const { pool, url } = await freshDatabase();
  const incident = await shopIncident(pool, await shopConfigured(pool));
  await closed(pool, incident, 'healed', 'all is wéll');
  await pool.query("update incidents set started_at = '2026-03-29T01:30:00Z', ended_at = '2026-03-29T01:30:01Z'");
  return async (variables) => {
    const { code, stdout: out } = await hale(['incidents', '--json', '--database', url], variables);
    return `${code} ${/"startedAt": ?"([^"]+)"/.exec(out)?.[1]} ${/all is w[^"]+/.exec(out)?.[0]}`;
  };
};

const utc: Guard = ['client/cli/incidents.ts', 'startedAt: incident.startedAt.toISOString()'];

row<Readonly<Record<string, string>>>(
  50,
  'process',
  'times are in UTC and words in UTF-8, wherever and in whatever language hale runs',
  listed,
  [
    [{ TZ: 'Asia/Kathmandu' }, /^0 2026-03-29T01:30:00\.000Z all is wéll$/, utc],
    [{ TZ: 'Europe/Berlin', LANG: 'C', LC_ALL: 'C' }, /^0 2026-03-29T01:30:00\.000Z all is wéll$/, utc],
  ],
);

const acting = `apiVersion: hale/v1
services:
  shop:
    signals: {up: {exec: [/bin/echo, '0'], every: 500ms, timeout: 400ms}}
    objectives: {up: {above: 0, for: 0s}}
    corrections: {sleep: {exec: [/bin/sleep, '25'], timeout: 30s, undo: nothingToRestore, mode: act}}
`;

/** A whole hale that acts when it is sent these signals: what was on record of the act, its exit code, and what is left of it. */
const signalled = async (): Promise<(signals: readonly NodeJS.Signals[]) => Promise<string>> => async (signals) => {
  const up = new HaleUp(stateFolder(), [], acting);
  await up.says('hale is up');
  const { processes, database } = up.run();
  const pool = openDatabase(database?.url ?? '', 1);
  const stateOf = async () => (await pool.query<{ state: string }>('select state from effects')).rows[0]?.state;
  await expect.poll(stateOf, { timeout: 20_000, interval: 100 }).toBe('intended');
  await pool.end();
  for (const signal of signals) process.kill(up.pidOf('main'), signal);
  const code = await up.ended;
  return `it had intended to act; ${code}, ${processes.filter(({ pid }) => identify(pid) !== undefined).length} processes left`;
};

row<readonly NodeJS.Signals[]>(
  50,
  'process',
  'a hale that is told to end twice while it acts ends, leaves nothing running, and the act on record',
  signalled,
  [
    [
      ['SIGTERM', 'SIGTERM'],
      /^it had intended to act; (0|130|143), 0 processes left$/,
      ['workers/main.ts', "for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, onSignal)"],
    ],
  ],
);
