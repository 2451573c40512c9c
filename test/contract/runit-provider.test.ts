import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runitProvider } from '../../adapters/machines/runit.js';
import { localArgv } from '../../adapters/machines/script.js';
import { TargetRefused } from '../../domain/failure.js';
import type { Action } from '../../domain/service.js';
import { freshFolder } from '../support/knob.js';
import { freshRunit, type RunitService } from '../support/runit.js';
import { holdLock, locally, overSsh, type Way } from '../support/machine.js';
import { journalHasEnd, keyOf } from '../support/machine-journal.js';
import { callOn, holdsProviderContract, type Bench } from '../../testing/provider.contract.js';

type Runit = Extract<Action, { kind: 'runit' }>;
type RunitBench = Bench<Runit> & { readonly way: Way; readonly runit: RunitService };

async function benchOn(way: Way, run?: string): Promise<RunitBench> {
  const runit = await freshRunit(run);
  let others = 0;
  const action = way.aim<Runit>({ kind: 'runit', command: 'restart', service: runit.service });
  return {
    way,
    runit,
    provider: runitProvider(way.machines),
    target: { service: 'shop', action, timeoutMs: 10_000 },
    effects: async () => (await runit.starts()) - 1 - others,
    state: runit.process,
    disturb: async () => {
      runit.sv('restart');
      await expect.poll(runit.starts, { timeout: 10_000 }).toBe(2 + others++);
    },
    loseAnswers: way.loseAnswers,
    hang: () => holdLock(way.state, action),
    remove: async () => {
      runit.sv('exit');
      await rm(runit.service, { recursive: true });
    },
  };
}

const without = { goal: 'a new start is all that can come of it', undo: 'a new start can not be taken back' };

holdsProviderContract('runit', async () => benchOn(await locally()), without);
holdsProviderContract('runit over ssh', async () => benchOn(await overSsh()), without);

describe('runit', () => {
  it('has nothing to start that runs already, and says so', async () => {
    const bench = await benchOn(await locally());
    const target = { ...bench.target, action: { ...bench.target.action, command: 'start' as const } };
    const seen = await bench.provider.examine(target, await bench.provider.image(target), undefined);
    expect(seen).toEqual({ applicable: false, reason: `already so: ${bench.runit.service} runs` });
  });

  it('starts what is down', async () => {
    const bench = await benchOn(await locally());
    bench.runit.sv('down');
    const target = { ...bench.target, action: { ...bench.target.action, command: 'start' as const } };
    const call = await callOn({ ...bench, target });
    expect(await bench.provider.apply(call)).toMatchObject({ summary: expect.stringContaining('run: (pid') });
    expect(await bench.runit.starts()).toBe(2);
  });

  it('says unavailable where no runsv stands behind a service, and gone where there is none', async () => {
    const bench = await benchOn(await locally());
    const examined = async () => bench.provider.examine(bench.target, await bench.provider.image(bench.target), undefined);
    bench.runit.sv('exit');
    expect(await examined()).toMatchObject({ applicable: false, reason: expect.stringMatching(/^unavailable: .*runsv not running/) });
    await rm(bench.runit.service, { recursive: true });
    expect(await examined()).toMatchObject({ applicable: false, reason: expect.stringMatching(/^gone: there is no/) });
  });
});

describe('a machine', () => {
  it('refuses a smaller fence than it has acted under, and takes an action once', async () => {
    const bench = await benchOn(await locally());
    await bench.provider.apply(await callOn(bench, { fence: '8' }));
    await expect(bench.provider.apply(await callOn(bench, { fence: '7', actionId: 'cycle/2/fix' }))).rejects.toThrow(
      /fence 7 is smaller than 8.*database was made anew, or somebody else has its key.*remove \//,
    );
    const again = bench.provider.apply(await callOn(bench, { fence: '9' }));
    await expect(again).rejects.toThrow(TargetRefused);
    await expect(again).rejects.toThrow(/was taken before/);
    expect(await bench.effects()).toBe(1);
  });

  it('bars nobody by a fence under which nothing was done', async () => {
    const way = await locally();
    const bench = await benchOn(way);
    const largest = await callOn(bench, { fence: '9'.repeat(18), actionId: 'asked' });
    expect(await bench.provider.readBack(largest)).toEqual({ kind: 'notApplied' });
    for (const [ticket, expected] of [
      ['0', largest.before.identity],
      ['1', 'another'],
    ] as const)
      expect(await way.machines.act(largest, ticket, expected)).toMatchObject({ kind: 'refused' });
    await bench.provider.apply(await callOn(bench));
    expect(await bench.effects()).toBe(1);
  });

  it.each([
    ['here', locally],
    ['over ssh', overSsh],
  ])('finds again what it was doing %s when its caller went away, though the service has not ended yet', async (_, way) => {
    const told = join(await freshFolder(), 'told');
    const program = `process.title = 'sleep'; setInterval(() => {}, 1000);
      process.on('SIGTERM', () => { require('fs').writeFileSync('${told}', ''); setTimeout(() => process.exit(0), 1000); });`;
    const bench = await benchOn(await way(), `exec ${process.execPath} -e "${program}"`);
    const caller = new AbortController();
    const call = await callOn(bench, { abort: caller.signal });
    const applied = expect(bench.provider.apply(call)).rejects.toThrow(/called off/);
    await expect.poll(() => existsSync(told), { interval: 5, timeout: 10_000 }).toBe(true);
    caller.abort();
    await applied;
    expect(await bench.provider.readBack({ ...call, abort: new AbortController().signal, fence: '8' })).toMatchObject({ kind: 'applied' });
    expect(await bench.effects()).toBe(1);
  });

  it('acts to the end and writes that down though its connection hangs up, and nobody reads what it says', async () => {
    const told = join(await freshFolder(), 'told');
    const program = `process.title = 'sleep'; setInterval(() => {}, 1000);
      process.on('SIGTERM', () => { require('fs').writeFileSync('${told}', ''); setTimeout(() => process.exit(0), 1000); });`;
    const way = await locally();
    const { target, ...bench } = await benchOn(way, `exec ${process.execPath} -e "${program}"`);
    const { before } = await callOn({ ...bench, target });
    const request = `act runit restart mine 7 0 ${before.identity} ${target.action.service}`;
    const [timeout = '', ...words] = localArgv(way.state, request);
    const script = spawn(timeout, words, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const ended = once(script, 'exit');
    await expect.poll(() => existsSync(told), { interval: 5, timeout: 10_000 }).toBe(true);
    for (const stream of [script.stdout, script.stderr]) stream.destroy();
    process.kill(-(script.pid ?? 0), 'SIGHUP');
    await ended;
    expect(journalHasEnd(way.state, target.action)).toBe(true);
  });

  it('tells what it knows of an action though somebody else has acted since, but not what nobody can tell any more', async () => {
    const way = await locally();
    const bench = await benchOn(way);
    const [mine, never, cut] = await Promise.all(['mine', 'never', 'cut'].map((actionId) => callOn(bench, { actionId })));
    if (mine === undefined || never === undefined || cut === undefined) throw new Error('there are three calls');
    await bench.provider.apply(mine);
    await bench.provider.apply(await callOn(bench, { actionId: 'theirs', fence: '8' }));
    await appendFile(join(way.state, keyOf(bench.target.action), 'journal'), `begun cut 7 ${cut.before.identity} 1\n`);
    expect(await bench.provider.readBack(mine)).toMatchObject({ kind: 'applied' });
    expect(await bench.provider.readBack(never)).toEqual({ kind: 'notApplied' });
    await expect(bench.provider.apply({ ...never, before: await bench.provider.image(bench.target) })).rejects.toThrow(
      /fence 7 is smaller than 8/,
    );
    expect(await bench.provider.readBack(cut)).toMatchObject({
      kind: 'unknown',
      why: expect.stringContaining('fence 7 is smaller than 8'),
    });
    expect(await bench.provider.readBack({ ...cut, fence: '9' })).toMatchObject({ kind: 'applied' });
  });

  it('does not say that nothing was done when it can no longer write down what it did', async () => {
    const way = await locally();
    const journals = `${way.state}/*/journal`;
    const bench = await benchOn(
      way,
      `for one in ${journals}; do [ ! -f $one ] || { mv $one $one.kept; mkdir $one; }; done; exec sleep 1000`,
    );
    const journal = join(way.state, keyOf(bench.target.action), 'journal');
    const call = await callOn(bench);
    const applied = bench.provider.apply(call);
    await expect(applied).rejects.toThrow(/can't be written by .*: Is a directory/);
    await expect(applied).rejects.not.toBeInstanceOf(TargetRefused);
    await rmdir(journal);
    await rename(`${journal}.kept`, journal);
    expect(await bench.provider.readBack(call)).toMatchObject({ kind: 'applied' });
    expect(await bench.effects()).toBe(1);
  });

  it('takes no line of its journal for whole that was cut off for want of room', async () => {
    const way = await locally();
    const bench = await benchOn(way);
    const [cut, whole] = [await callOn(bench), await callOn(bench, { actionId: 'cycle/2/fix' })];
    const folder = join(way.state, keyOf(bench.target.action));
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'journal'), `begun ${cut.actionId} 7 run:1`);
    await bench.provider.apply(whole);
    expect(await bench.provider.readBack(whole)).toMatchObject({ kind: 'applied' });
    expect(await bench.provider.readBack(cut)).toEqual({ kind: 'notApplied' });
  });

  it('acts no more for a try of which it has said that nothing came', async () => {
    const bench = await benchOn(await locally());
    const permit = async () => expect(await bench.provider.readBack(await callOn(bench))).toEqual({ kind: 'notApplied' });
    await expect(bench.provider.apply(await callOn(bench, { permit }))).rejects.toThrow(/came too late/);
    expect(await bench.effects()).toBe(0);
  });
});
