import { existsSync } from 'node:fs';
import { chmod, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { spawn } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { locateProgram, runCommand } from '../../adapters/exec/command.js';
import { awaitLeftover } from '../../adapters/exec/leftover.js';
import { execProvider } from '../../adapters/exec/provider.js';
import { ActionFailed, TargetRefused } from '../../domain/failure.js';
import type { Action } from '../../domain/service.js';
import { freshFolder, freshKnob, type Knob } from '../support/knob.js';
import { callOn, holdsProviderContract, undoOf, type Bench } from '../../testing/provider.contract.js';

type Exec = Extract<Action, { kind: 'exec' }>;

function benchOf(knob: Knob, more: Partial<Exec> = {}): Bench<Exec> & { readonly knob: Knob } {
  const { program } = knob;
  return {
    knob,
    provider: execProvider(),
    target: { service: 'shop', action: { kind: 'exec', argv: [program, 'set', 'on'], ...more }, timeoutMs: 5_000 },
    effects: async () => (await knob.ledger()).length,
    state: knob.state,
    disturb: () => knob.turn('dimmed'),
    loseAnswers: () => knob.behave('silent'),
    hang: () => knob.behave('hanging'),
    remove: () => rm(program),
  };
}

const verified = async () => {
  const knob = await freshKnob();
  return benchOf(knob, { undoArgv: [knob.program, 'set', 'off'], verifyArgv: [knob.program, 'verify'] });
};

holdsProviderContract('exec with verify and undo', verified, {
  compare: 'hale can not see what a command acts on',
  goal: 'what becomes of its target is for the command to know',
});

describe('exec with verify', () => {
  it('leaves alone what verify shows changed since the action', async () => {
    const bench = await verified();
    const call = await callOn(bench);
    const after = await bench.provider.apply(call);
    expect(after.summary).toBe('on');
    await bench.disturb?.();
    expect(await bench.provider.undo(undoOf(call), after)).toMatchObject({ kind: 'changedMeanwhile', now: { summary: 'dimmed' } });
    expect(await bench.state()).toBe('dimmed');
  });

  it('undoes once, however often the undo is asked for', async () => {
    const bench = await verified();
    const call = await callOn(bench);
    const after = await bench.provider.apply(call);
    expect(await bench.provider.undo(undoOf(call), after)).toMatchObject({ kind: 'undone' });
    expect(await bench.provider.undo(undoOf(call), after)).toMatchObject({ kind: 'undone' });
    expect(await bench.knob.ledger()).toEqual(['cycle/1/fix|7|shop||on', 'cycle/1/fix/undo|7|shop||off']);
  });

  it('undoes what failed half-way, though verify never said that it was done', async () => {
    const state = join(await freshFolder(), 'state');
    const shell = (line: string) => ['/bin/sh', '-c', line];
    const halfway = { argv: shell(`echo half > ${state}; exit 3`), undoArgv: shell(`echo off > ${state}`), verifyArgv: ['/bin/false'] };
    const bench = benchOf(await freshKnob(), halfway);
    const call = await callOn(bench);
    const failed = await bench.provider.apply(call).catch((error: unknown) => error);
    expect(await readFile(state, 'utf8')).toBe('half\n');
    const after = failed instanceof ActionFailed ? failed.after : undefined;
    expect(await bench.provider.undo(undoOf(call), after ?? call.before)).toMatchObject({ kind: 'undone' });
    expect(await readFile(state, 'utf8')).toBe('off\n');
  });

  it('leaves alone what verify says is not as the action left it, though it names no state', async () => {
    const knob = await freshKnob();
    const isOn = `test "$HALE_ACTION_ID" = cycle/1/fix && grep -qx on ${join(knob.program, '..', 'state')}`;
    const bench = benchOf(knob, { undoArgv: [knob.program, 'set', 'off'], verifyArgv: ['/bin/sh', '-c', isOn] });
    const call = await callOn(bench);
    const after = await bench.provider.apply(call);
    await bench.disturb?.();
    expect(await bench.provider.undo(undoOf(call), after)).toMatchObject({ kind: 'changedMeanwhile' });
    expect(await bench.state()).toBe('dimmed');
  });

  it('is not undone again while verify can not say whether an earlier try was the undo', async () => {
    const knob = await freshKnob();
    const bench = benchOf(knob, { undoArgv: [knob.program, 'set', 'off'], verifyArgv: ['/bin/sh', '-c', 'echo lost; exit 2'] });
    const call = await callOn(bench);
    const after = await bench.provider.apply(call);
    const cutOff = { ...undoOf(call), underWayUntil: Date.now() };
    await expect(bench.provider.undo(cutOff, after)).rejects.toThrow(/lost/);
    expect(await bench.state()).toBe('on');
  });

  it('does not know what became of a call when verify itself is broken', async () => {
    const knob = await freshKnob();
    const bench = benchOf(knob, { verifyArgv: ['/bin/sh', '-c', 'echo lost; exit 2'] });
    expect(await bench.provider.readBack(await callOn(bench))).toMatchObject({ kind: 'unknown', why: expect.stringContaining('lost') });
  });
});

describe('a command that outlived its worker', () => {
  /** What is left on the machine when the worker is killed in the middle of a call. */
  const leaveBehind = (bench: Bench<Exec>) => {
    const [program = '', ...rest] = bench.target.action.argv;
    const env = { PATH: '/usr/bin:/bin', HALE_ACTION_ID: 'cycle/1/fix', HALE_FENCE: '7', HALE_SERVICE: 'shop', HALE_INSTANCE: '' };
    return spawn(program, rest, { env, detached: true, stdio: 'ignore' });
  };

  it('is waited for before verify is asked, so that it is not repeated', async () => {
    const bench = await verified();
    await bench.knob.behave('slow');
    leaveBehind(bench);
    await expect.poll(bench.knob.busy).toBe(true);
    expect(await bench.provider.readBack(await callOn(bench))).toMatchObject({ kind: 'applied' });
    expect(await bench.effects()).toBe(1);
  });

  it('is ended when its time is up', async () => {
    const bench = await verified();
    await bench.knob.behave('hanging');
    const { pid = 0 } = leaveBehind(bench);
    await expect.poll(bench.knob.busy).toBe(true);
    expect(await bench.provider.readBack(await callOn(bench, { timeoutMs: 300 }))).toEqual({ kind: 'notApplied' });
    expect(alive(pid)).toBe(false);
  });

  it('is known by its own name, in whatever folder, and not mistaken for a program whose name ends so', async () => {
    const folder = await freshFolder();
    const call = await callOn(await verified(), { timeoutMs: 200 });
    const start = async (name: string) => {
      await symlink('/bin/sleep', join(folder, name));
      const { pid = 0 } = spawn(join(folder, name), ['30.5'], { env: { HALE_ACTION_ID: call.actionId }, detached: true, stdio: 'ignore' });
      return pid;
    };
    const [other, own] = [await start('unpause'), await start('pause')];
    expect(await awaitLeftover(['pause', '30.5'], call)).toBeUndefined();
    expect([alive(other), alive(own)]).toEqual([true, false]);
    process.kill(other, 'SIGKILL');
  });

  it('is not mistaken for the daemon that it started', async () => {
    const bench = await verified();
    const daemon = spawn('/bin/sleep', ['30'], { env: { HALE_ACTION_ID: 'cycle/1/fix' }, detached: true, stdio: 'ignore' });
    expect(await bench.provider.readBack(await callOn(bench, { timeoutMs: 200 }))).toEqual({ kind: 'notApplied' });
    expect(alive(daemon.pid ?? 0)).toBe(true);
    daemon.kill('SIGKILL');
  });
});

describe('exec without verify', () => {
  const bare = async () => benchOf(await freshKnob());

  it('declares that it can not read back, and reads back unknown', async () => {
    const bench = await bare();
    expect(bench.provider.readBackBy(bench.target.action)).toBe('none');
    expect(await bench.provider.readBack(await callOn(bench))).toMatchObject({ kind: 'unknown' });
  });

  it('throws when it is asked to undo without an undo command', async () => {
    const bench = await bare();
    const call = await callOn(bench);
    await expect(bench.provider.undo(undoOf(call), await bench.provider.apply(call))).rejects.toThrow(/no `undo`/);
  });

  it('hands action id, fence, service and instance over, and nothing else of its own environment', async () => {
    const bench = await bare();
    process.env.HALE_TEST_CANARY = 'secret';
    const call = await callOn(bench, { instance: 'shop-2' });
    await bench.provider.apply(call);
    expect(await bench.knob.ledger()).toEqual(['cycle/1/fix|7|shop|shop-2|on']);
    const end = await runCommand({ argv: ['/usr/bin/env'], env: { PATH: '/bin' }, timeoutMs: 5_000, abort: call.abort });
    expect(end).toMatchObject({ kind: 'exited', code: 0, output: 'PATH=/bin' });
  });

  it('lets the exit code decide: failed in vain, or refused before anything was done', async () => {
    const bench = await bare();
    await bench.knob.behave('badly');
    const failed = bench.provider.apply(await callOn(bench));
    await expect(failed).rejects.toThrow(ActionFailed);
    await expect(failed).rejects.toThrow(/exited with 3; it printed: it broke/);
    await bench.knob.behave('refusing');
    await expect(bench.provider.apply(await callOn(bench))).rejects.toThrow(TargetRefused);
    expect(await bench.effects()).toBe(1);
  });

  it('finds nothing to run, and says what would be right', async () => {
    const bench = await bare();
    for (const argv of [['./restart'], ['no-such-program-anywhere'], ['/etc'], []]) {
      const target = { ...bench.target, action: { kind: 'exec' as const, argv } };
      const seen = await bench.provider.examine(target, await bench.provider.image(target), undefined);
      expect(seen).toMatchObject({ applicable: false, reason: expect.stringContaining('absolute path') });
    }
  });
});

describe('a command', () => {
  const run = (argv: string[], timeoutMs = 5_000) =>
    runCommand({ argv, env: { PATH: '/usr/bin:/bin' }, timeoutMs, abort: new AbortController().signal });

  it('gets each argument as it is: no shell reads it', async () => {
    const argument = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => !text.includes('\0'));
    await fc.assert(
      fc.asyncProperty(fc.array(argument, { minLength: 1, maxLength: 3 }), async (words) => {
        const end = await run([process.execPath, '-e', 'console.log(JSON.stringify(process.argv.slice(1)))', '--', ...words]);
        expect(end.kind === 'exited' && JSON.parse(end.output)).toEqual(words);
      }),
      { numRuns: 10 },
    );
  });

  it('is not started when it was called off before', async () => {
    const file = join(await freshFolder(), 'began');
    const end = await runCommand({ argv: ['/usr/bin/touch', file], env: {}, timeoutMs: 5_000, abort: AbortSignal.abort() });
    expect(end).toEqual({ kind: 'notStarted', why: 'it was called off before it started' });
    expect(existsSync(file)).toBe(false);
  });

  it('is found by its plain name in absolute folders of PATH alone, wherever hale was started', async () => {
    const folder = await freshFolder();
    await writeFile(join(folder, 'restart'), '', { mode: 0o755 });
    onTestFinished(() => void vi.unstubAllEnvs());
    vi.stubEnv('PATH', folder);
    expect(locateProgram('restart')).toBe(join(folder, 'restart'));
    expect(locateProgram(`../${basename(folder)}/restart`)).toBeUndefined();
    vi.stubEnv('PATH', relative(process.cwd(), folder));
    expect(locateProgram('restart')).toBeUndefined();
  });

  it('is not started with a NUL in an argument', async () => {
    expect(await run(['/bin/echo', 'a\0b'])).toMatchObject({ kind: 'notStarted', why: expect.stringContaining('NUL') });
  });

  it('is read for at most 64 KB of output, without control characters', async () => {
    const end = await run(['/bin/sh', '-c', 'printf "\\033[31mred\\a\\n"; head -c 3000000 /dev/zero | tr "\\0" x']);
    expect(end.kind === 'exited' && end.output.startsWith('[31mred\nxxx')).toBe(true);
    expect(end.kind === 'exited' && end.output.length).toBeLessThanOrEqual(64 * 1024);
  });

  it('takes its whole process group with it when its time is up', async () => {
    const pidFile = join(await freshFolder(), 'pid');
    const end = await run(['/bin/sh', '-c', `trap '' TERM; /bin/sh -c 'echo $$ > ${pidFile}; sleep 60'; sleep 60`], 300);
    expect(end).toMatchObject({ kind: 'killed', why: 'it did not end within 300 ms' });
    const pid = Number(await readFile(pidFile, 'utf8'));
    await expect.poll(() => alive(pid), { timeout: 3_000 }).toBe(false);
  });

  it('takes with it what is left in its group by a parent that has ended, when its time is up', async () => {
    const pidFile = join(await freshFolder(), 'pid');
    const end = await run(['/bin/sh', '-c', `/bin/sh -c 'sleep 60 & echo $! > ${pidFile}'; sleep 60`], 300);
    expect(end).toMatchObject({ kind: 'killed', why: 'it did not end within 300 ms' });
    const pid = Number(await readFile(pidFile, 'utf8'));
    await expect.poll(() => alive(pid), { timeout: 3_000 }).toBe(false);
  });

  it('leaves a daemon alive that keeps its output open, and does not wait for it', async () => {
    const folder = await freshFolder();
    const began = performance.now();
    const end = await run(['/bin/sh', '-c', `(sleep 0.5; echo late; echo done > ${folder}/done) & echo started`]);
    expect(end).toMatchObject({ kind: 'exited', code: 0, output: 'started' });
    expect(performance.now() - began).toBeLessThan(450);
    await expect.poll(() => readFile(join(folder, 'done'), 'utf8').catch(() => ''), { timeout: 3_000 }).toBe('done\n');
  });

  it('finds its input closed', async () => {
    expect(await run(['/bin/cat'])).toMatchObject({ kind: 'exited', code: 0, output: '' });
  });
});

/** What `sudo` runs, or what hangs in the kernel: here a process of an account that this one may not signal. */
describe.skipIf(process.getuid?.() !== 0)('a command that hale may not end', () => {
  const [another, lesser] = [65_533, 65_534];
  const asLesser = () => {
    process.seteuid?.(lesser);
    onTestFinished(() => process.seteuid?.(0));
  };
  const ended = (pid: number) =>
    onTestFinished(() => {
      process.seteuid?.(0);
      process.kill(pid, 'SIGKILL');
    });

  it('is not waited for, and not started again beside itself', async () => {
    const folder = await freshFolder();
    await chmod(folder, 0o777);
    const pidFile = join(folder, 'pid');
    const script = `echo $$ > ${pidFile}.new; mv ${pidFile}.new ${pidFile}; exec sleep 60`;
    const argv = ['/usr/bin/setpriv', `--reuid=${another}`, '--clear-groups', '/bin/sh', '-c', script];
    const caller = new AbortController();
    const command = { argv, env: { PATH: '/usr/bin:/bin' }, timeoutMs: 60_000 };
    const end = runCommand({ ...command, abort: caller.signal });
    await expect.poll(() => existsSync(pidFile), { timeout: 20_000 }).toBe(true);
    ended(Number(await readFile(pidFile, 'utf8')));
    asLesser();
    caller.abort();
    expect(await end).toMatchObject({ kind: 'killed', why: 'it was called off, and it could not be ended' });
    const again = runCommand({ ...command, abort: new AbortController().signal });
    expect(await again).toMatchObject({ kind: 'notStarted', why: expect.stringContaining('still there') });
  });

  it('leaves open what became of its call', async () => {
    const bench = benchOf(await freshKnob(), { argv: ['/bin/sleep', '60'], verifyArgv: ['/bin/false'], undoArgv: ['/bin/sleep', '60'] });
    const call = await callOn(bench, { timeoutMs: 100 });
    const env = { HALE_ACTION_ID: call.actionId };
    const { pid = 0 } = spawn('/bin/sleep', ['60'], { env, uid: another, gid: another, detached: true, stdio: 'ignore' });
    ended(pid);
    asLesser();
    const why = `/bin/sleep still runs as process ${pid}, which hale can't end`;
    expect(await bench.provider.readBack(call)).toEqual({ kind: 'unknown', why });
    await expect(bench.provider.undo(undoOf(call), call.before)).rejects.toThrow(why);
  });
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
