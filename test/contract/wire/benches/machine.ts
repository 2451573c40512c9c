import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { allowedOf } from '../../../../adapters/machines/request.js';
import type { Machine, MachineAction } from '../../../../domain/machine.js';
import { startSshd, type DebianSshd } from '../../../support/debian-sshd.js';
import { journalHasEnd } from '../../../support/machine-journal.js';
import { ownRunit } from '../../../support/own-runit.js';
import { startSystemd, type OwnSystemd } from '../../../support/systemd.js';
import type { Address, WireBench, WireTarget } from '../bench.js';
import { ownFolder } from './folder.js';
import { assembled } from './module.js';

type Of<K extends MachineAction['kind']> = Extract<MachineAction, { kind: K }>;

/** What there is to correct, whichever way leads to it. */
interface Spot<A extends MachineAction> extends Pick<WireTarget<A>, 'effects' | 'state' | 'disturb' | 'remove' | 'close'> {
  readonly action: A;
}

const without = { undo: 'what it does can not be taken back' };
const parts = { machines: 'adapters/machines/machines', commands: 'adapters/exec/commands' };
const name = (kind: MachineAction['kind']) => `${kind}Provider`;
const provider = (kind: MachineAction['kind'], state: string) =>
  assembled({ ...parts, [name(kind)]: `adapters/machines/${kind}` }, `${name(kind)}(machines({ commands, state: ${state} }))`);

/** By a shell on this machine. */
function here<K extends MachineAction['kind']>(kind: K, actsWithinMs: number, arrange: () => Promise<Spot<Of<K>>>): WireBench<Of<K>> {
  return {
    name: kind,
    provider: provider(kind, `new URL('state', import.meta.url).pathname`),
    noWire: { why: 'a program of this machine', actsWithinMs },
    without,
    arrange: async () => {
      const { action, ...spot } = await arrange();
      return { ...spot, aimedAt: () => ({ service: 'shop', action, timeoutMs: 10_000 }) };
    },
  };
}

/** By the system's ssh and a real sshd, which says who it is at whatever port it is reached. */
function overSsh<K extends MachineAction['kind']>(
  kind: K,
  surroundings: { readonly prefix: () => Promise<readonly string[]>; readonly close: () => Promise<void> },
  arrange: () => Promise<Spot<Of<K>>>,
): WireBench<Of<K>> {
  let sshd: DebianSshd | undefined;
  return {
    name: `${kind} over ssh`,
    provider: provider(kind, `'/nowhere'`),
    without,
    open: async () => void (sshd = await startSshd(await surroundings.prefix())),
    close: async () => {
      await sshd?.stop();
      await surroundings.close();
    },
    arrange: async () => {
      const { action, ...spot } = await arrange();
      if (sshd === undefined) throw new Error('the bench is not open');
      const { machine, state, allow } = sshd;
      allow(allowedOf(action));
      return {
        ...spot,
        address: addressOf(machine),
        aimedAt: (port) => ({ service: 'shop', action: { ...action, machine: knownAt(machine, port) }, timeoutMs: 2_500 }),
        hasActed: () => journalHasEnd(state, action),
      };
    },
  };
}

const addressOf = ({ host, port }: Machine): Address => ({ host, port });

function knownAt(machine: Machine, port: number): Machine {
  const [line = ''] = readFileSync(machine.knownHosts, 'utf8').split('\n');
  writeFileSync(machine.knownHosts, `${line}\n${line.replace(`:${machine.port}`, `:${port}`)}\n`);
  return { ...machine, port };
}

/** A large log, and a small one that is none of hale's business. */
async function logs(): Promise<Spot<Of<'disk'>>> {
  const { folder, close } = await ownFolder();
  const under = join(folder, 'logs');
  const large = 'x'.repeat(1_100_000);
  await mkdir(under);
  await writeFile(join(under, 'app.log'), large);
  await writeFile(join(under, 'small.log'), 'kept');
  const sizes = async () => {
    const names = (await readdir(under).catch(() => [])).toSorted((a, b) => a.localeCompare(b));
    return Promise.all(names.map(async (one) => [one, (await stat(join(under, one))).size] as const));
  };
  return {
    action: { kind: 'disk', command: 'truncateLogs', atLeastBytes: 1_000_000, olderThanMs: 0, filesMax: 10, under: [under] },
    effects: async () => (await sizes()).filter(([, size]) => size === 0).length,
    state: async () => JSON.stringify(await sizes()),
    disturb: async () => {
      await rename(join(under, 'app.log'), join(under, 'app.log.1'));
      await writeFile(join(under, 'app.log'), large);
    },
    remove: () => rm(under, { recursive: true }),
    close,
  };
}

async function supervised(): Promise<Spot<Of<'runit'>>> {
  const { folder, close } = await ownFolder();
  const { service, starts, process, sv, stop } = await ownRunit(folder);
  let others = 1;
  return {
    action: { kind: 'runit', command: 'restart', service },
    effects: async () => (await starts()) - others,
    state: process,
    disturb: async () => {
      sv('restart');
      others += 1;
      while ((await starts()) < others) await wait(20);
    },
    remove: async () => {
      sv('exit');
      await rm(service, { recursive: true });
    },
    close: async () => {
      stop();
      await close();
    },
  };
}

let systemd: OwnSystemd | undefined;
let number = 0;

/** Its own account of starts is written before it counts as started. */
async function running(): Promise<Spot<Of<'systemd'>>> {
  if (systemd === undefined) throw new Error('the bench is not open');
  const { systemctl, unit, folder } = systemd;
  number += 1;
  const [agent, ledger] = [`edge-${number}.service`, join(folder, `ledger-${number}`)];
  const lines = ['Type=exec', `ExecStartPre=/bin/sh -c 'echo started >>${ledger}'`, 'ExecStart=/bin/sleep 1000', 'StandardOutput=null'];
  unit(agent, ['[Unit]', 'DefaultDependencies=no', '[Service]', ...lines, ''].join('\n'));
  systemctl('start', agent);
  let others = 1;
  let isGone = false;
  const remove = (): void => {
    systemctl('stop', agent);
    unit(agent);
    isGone = true;
  };
  return {
    action: { kind: 'systemd', command: 'restart', unit: agent },
    effects: async () => readFileSync(ledger, 'utf8').split('\n').length - 1 - others,
    state: async () => systemctl('show', '-p', 'InvocationID', agent),
    disturb: async () => {
      systemctl('restart', agent);
      others += 1;
    },
    remove: async () => remove(),
    close: async () => {
      if (!isGone) remove();
    },
  };
}

const thisMachine = { prefix: async () => [], close: async () => undefined };
const otherMachine = {
  prefix: async () => (systemd = await startSystemd()).prefix,
  close: async () => systemd?.stop(),
};

export const disk = here('disk', 120, logs);
export const runit = here('runit', 250, supervised);
export const runitOverSsh = overSsh('runit', thisMachine, supervised);
export const systemdOverSsh = overSsh('systemd', otherMachine, running);
