// Drives a real cycle, from `hale up` on an empty folder to its replay, with the built `hale` command alone.
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as wire from '../../contracts/cli.js';
import { dataOf, failureOf, hale } from '../support/hale-command.js';

let folder: string;
let at: string[];
const good = () => writeFile(join(folder, 'good'), '');
const breakIt = () => rm(join(folder, 'good'));

/** A service that is healthy while a file is there, and one correction that a person must allow. */
const configuration = (dir: string): string => `apiVersion: hale/v1
services:
  shop:
    signals:
      up: {exec: [/usr/bin/test, -e, ${dir}/good], plugin: true, every: 500ms}
    objectives:
      up: {below: 1, for: 0s, hold: 2s}
    corrections:
      touch: {exec: [/usr/bin/touch, ${dir}/good], repeatable: true, undo: nothingToRestore, cooldown: 1s, mode: ask}
    dependsOn: []
  fleet: {instances: [a, b], corrections: {touch: {exec: [/usr/bin/touch, ${dir}/$instance], undo: nothingToRestore, mode: ask}}}
`;

const status = async () => dataOf(wire.status, await hale(['status', '--json', ...at]));
const newest = async () => dataOf(wire.incidents, await hale(['incidents', '--json', '--limit', '1', ...at]))[0];

/** Looks until it holds: what is awaited happens in other processes. The test's own time limit ends it. */
async function eventually<T>(look: () => Promise<T>, holds: (seen: T) => boolean): Promise<T> {
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    await wait(200);
  }
}

/** Breaks the shop, has it looked at now, and answers the proposal that is then put to a person. */
async function asked(): Promise<{ id: string; proposal: string }> {
  await breakIt();
  expect(await hale(['heal', 'shop', ...at])).toMatchObject({ code: 0 });
  const { incidents } = await eventually(status, (seen) => seen.incidents.some(({ ask }) => ask !== null));
  return { id: incidents[0]?.id ?? '', proposal: incidents[0]?.ask?.proposal ?? '' };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hale-cli-'));
  await chmod(folder, 0o755); // As root PostgreSQL runs as another user.
  at = ['--state', join(folder, 'state')];
  await writeFile(join(folder, 'hale.yaml'), configuration(folder));
  await good();
  const up = await hale(['up', '--config', join(folder, 'hale.yaml'), ...at, '--detach', '--json']);
  expect(up.stderr + up.stdout).toContain('"pid"');
  await eventually(status, ({ services }) => services[0]?.state === 'ok');
}, 120_000);

afterAll(async () => {
  const { processes } = JSON.parse(await readFile(join(folder, 'state', 'run.json'), 'utf8')) as {
    processes: { role: string; pid: number }[];
  };
  const main = processes.find(({ role }) => role === 'main')?.pid;
  if (main === undefined) return;
  process.kill(main, 'SIGTERM');
  await eventually(
    () => Promise.resolve(isAlive(main)),
    (alive) => !alive,
  );
  await rm(folder, { recursive: true });
}, 60_000);

test('doctor finds nothing missing on a hale that just came up', async () => {
  expect(await hale(['doctor', ...at])).toMatchObject({ code: 0 });
});

test('what the policy says about a correction is told before anything is broken', async () => {
  const told = await hale(['gate', 'explain', 'shop', 'touch', '--json', ...at]);
  expect(dataOf(wire.explanation, told)).toMatchObject({
    service: 'shop',
    correction: 'touch',
    answer: { kind: 'ask', rule: 'modeAsk', sentence: 'mode ask: a person decides on touch' },
  });
  const dry = await hale(['heal', 'shop', '--dry-run', ...at]);
  expect(dry).toMatchObject({ code: 0 });
  expect(dry.stdout).toContain('shop: nothing is broken');
  const unknown = await hale(['gate', 'explain', 'shop', 'pray', '--json', ...at]);
  expect(failureOf(unknown)).toMatchObject({ code: 'notFound', hint: 'there are: touch' });
  for (const command of [
    ['gate', 'explain', 'shop/i1', 'touch'],
    ['heal', 'shop/i1', '--dry-run'],
  ])
    expect(failureOf(await hale([...command, '--json', ...at]))).toMatchObject({
      code: 'notFound',
      hint: 'an instance is named apart: shop --instance i1',
    });
  expect((await hale(['gate', 'explain', 'fleet', 'touch', ...at])).stderr).toContain('of one instance: --instance a|b');
  expect((await hale(['gate', 'explain', 'fleet', 'touch', '--instance', 'a', ...at])).stderr).not.toContain('--instance');
  expect((await hale(['work', 'shop', '--for', '1m', '--by', 'ada', ...at])).stdout).toContain('ada works on shop until');
  expect(await status()).toMatchObject({ atWork: [{ service: 'shop', by: 'ada' }], storm: null });
  expect((await hale(['status', ...at])).stdout).toContain('hale work shop --done');
  expect((await hale(['work', 'shop', '--done', '--by', 'ada', ...at])).stdout).toBe('the work of ada on shop is over\n');
  expect((await status()).atWork).toEqual([]);
});

test('a person is asked, and only the hash of the open proposal is a yes', { timeout: 120_000 }, async () => {
  const { id, proposal } = await asked();
  expect((await status()).services[0]).toMatchObject({ state: 'waiting', why: id });
  expect(await hale(['status', '--check', ...at])).toMatchObject({ code: 7 });
  const { stdout: card } = await hale(['incidents', id, ...at]);
  expect(card).toContain('Proposed: touch\n');
  expect(card).toContain('Record: never tried here on this pattern\nTakes: not known: it never held here\n');
  expect(card).toContain(`  hale approve ${id} --proposal ${proposal}\n`);
  const wrong = await hale(['approve', id, '--proposal', 'beef', '--json', ...at]);
  expect(wrong).toMatchObject({ code: 6 });
  expect(failureOf(wrong).message).toContain(`the proposal is ${proposal}, not beef`);
  expect(await hale(['approve', id, '--proposal', proposal, '--by', 'ada', ...at])).toMatchObject({ code: 0 });
  expect(await hale(['approve', id, '--proposal', proposal, ...at])).toMatchObject({ code: 6 });
  const healed = await eventually(newest, (incident) => incident?.outcome !== null);
  expect(healed).toMatchObject({ id, outcome: 'healed', attempts: [{ correction: 'touch', verdict: 'held', undone: false }] });
  expect((await hale(['incidents', id, ...at])).stdout).not.toContain('Proposed:');
});

test('a paused cycle waits, is resumed, and a takeover leaves it to the person', { timeout: 120_000 }, async () => {
  const { id } = await asked();
  expect((await hale(['pause', 'shop', '--for', '10m', ...at])).stdout).toContain(`${id}: paused`);
  expect((await status()).services[0]).toMatchObject({ state: 'paused' });
  expect((await hale(['resume', 'shop', ...at])).stdout).toContain(`${id}: resumed`);
  expect(await hale(['takeover', id, '--by', 'ada', ...at])).toMatchObject({ code: 0 });
  expect(await eventually(newest, (incident) => incident?.outcome !== null)).toMatchObject({ outcome: 'takenOver' });
  const late = await hale(['abort', id, ...at]);
  expect(late).toMatchObject({ code: 6 });
  expect(late.stderr).toContain('has ended: takenOver');
  await good();
});

test('a person starts a cycle by hand, and it finds nothing to heal', { timeout: 120_000 }, async () => {
  await eventually(status, ({ services }) => services[0]?.state === 'ok');
  const before = (await newest())?.id;
  expect(await hale(['heal', 'shop', '--by', 'ada', ...at])).toMatchObject({ code: 0, stdout: 'heal/shop/- looks at shop now\n' });
  const looked = await eventually(newest, (incident) => incident?.id !== before && incident?.outcome !== null);
  expect(looked).toMatchObject({ outcome: 'notConfirmed', attempts: [] });
});

test('closed cycles are archived and replay, exported or not', { timeout: 120_000 }, async () => {
  const all = await eventually(
    () => hale(['replay', '--all', '--json', ...at]),
    ({ stdout }) => (stdout.match(/"cycle"/g) ?? []).length >= 3,
  );
  expect(dataOf(wire.replayed, all).cycles.filter(({ why }) => why !== null)).toEqual([]);
  const file = join(folder, 'exported.json');
  const id = (await newest())?.id ?? '';
  expect(await hale(['incidents', id, '--export', file, ...at])).toMatchObject({ code: 0 });
  const nowhere = join(folder, 'missing', 'exported.json');
  expect(await hale(['incidents', id, '--export', nowhere, ...at])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("can't be written"),
  });
  expect(await hale(['replay', file])).toMatchObject({ code: 0, stdout: '1 of 1 cycle replays\n' });
});

test('a history that another version wrote diverges, named with its cycle', { timeout: 120_000 }, async () => {
  const file = join(folder, 'exported.json');
  await writeFile(file, (await readFile(file, 'utf8')).replaceAll('"observeService"', '"observeOther"'));
  const diverged = await hale(['replay', file]);
  expect(diverged).toMatchObject({ code: 1 });
  expect(diverged.stdout).toMatch(/^diverges: heal\/shop\/- [0-9a-f-]{36}: \[TMPRL1100\]/);
});
