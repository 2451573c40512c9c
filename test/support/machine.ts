import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { commands } from '../../adapters/exec/commands.js';
import { machines, type Machines } from '../../adapters/machines/machines.js';
import { allowedOf } from '../../adapters/machines/request.js';
import type { MachineAction } from '../../domain/machine.js';
import { freshFolder } from './knob.js';
import { journalHasEnd, keyOf } from './machine-journal.js';
import { startSshd, type DebianSshd } from './debian-sshd.js';
import { tcpProxy } from './tcp-proxy.js';

/** A way to a machine, and the ways in which it goes wrong. */
export interface Way {
  readonly machines: Machines;
  readonly state: string;
  /** The same action, by this way; from now on the machine allows it. */
  readonly aim: <A extends MachineAction>(action: A) => A;
  /** From now on what is done there is done, and its answer never arrives. */
  readonly loseAnswers: () => Promise<void>;
}

export async function locally(): Promise<Way> {
  const state = await freshFolder();
  let lost = false;
  const run: typeof commands.run = async (argv, errand) => {
    const end = await commands.run(argv, errand);
    return lost && argv.at(-1)?.startsWith('act ') ? { kind: 'killed', sentence: 'its answer was lost' } : end;
  };
  return {
    machines: machines({ commands: { ...commands, run }, state }),
    state,
    aim: (action) => action,
    loseAnswers: async () => void (lost = true),
  };
}

/** One for all that a test does over ssh. */
let shared: Promise<DebianSshd> | undefined;

function ofThisTest(): Promise<DebianSshd> {
  if (shared !== undefined) return shared;
  const one = startSshd();
  shared = one;
  onTestFinished(async () => {
    shared = undefined;
    await (await one).stop();
  });
  return one;
}

/** Over a real ssh and a real sshd, through a proxy that can cut the line. */
export async function overSsh(prefix?: readonly string[]): Promise<Way & { readonly sshd: DebianSshd }> {
  const sshd = await (prefix === undefined ? ofThisTest() : startSshd(prefix));
  if (prefix !== undefined) onTestFinished(sshd.stop);
  const proxy = await tcpProxy('127.0.0.1', sshd.machine.port);
  onTestFinished(proxy.close);
  const known = readFileSync(sshd.machine.knownHosts, 'utf8').split('\n')[0] ?? '';
  writeFileSync(sshd.machine.knownHosts, `${known}\n${known.replace(`:${sshd.machine.port}`, `:${proxy.port}`)}\n`);
  let aimed: MachineAction;
  return {
    sshd,
    machines: machines({ commands, state: '/nowhere' }),
    state: sshd.state,
    aim: (action) => {
      sshd.allow(allowedOf(action));
      aimed = action;
      return { ...action, machine: { ...sshd.machine, port: proxy.port } };
    },
    loseAnswers: async () => proxy.cutWhen(() => journalHasEnd(sshd.state, aimed)),
  };
}

/** Somebody else is at work on the target and does not come to an end. */
export async function holdLock(state: string, action: MachineAction): Promise<void> {
  const lock = join(state, keyOf(action), 'lock');
  const holder = spawn('flock', [lock, 'sleep', '100'], { stdio: 'ignore', detached: true });
  onTestFinished(() => void process.kill(-(holder.pid ?? 0), 'SIGKILL'));
  await expect.poll(() => spawnSync('flock', ['-n', lock, 'true']).status).toBe(1);
}
