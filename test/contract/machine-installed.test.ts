// A machine is made ready for hale by an administrator who does what is printed, over a real ssh, sshd and sudo.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { commands } from '../../adapters/exec/commands.js';
import { first } from '../../adapters/machines/answer.js';
import { machines } from '../../adapters/machines/machines.js';
import { permissions } from '../../client/cli/permissions/permissions.js';
import * as wire from '../../contracts/cli.js';
import type { MachineAction } from '../../domain/machine.js';
import { asked } from '../support/asked.js';
import { noBareMachine, startBareMachine } from '../support/bare-machine.js';
import { freshFolder } from '../support/knob.js';
import { freshRunit } from '../support/runit.js';

const where = 'hale@127.0.0.1';
const allOfIt = `ok ${where}: hale has 6 rights that it needs`;

/** A service of runit on a machine on which nothing is installed for hale, and what hale prints about it. */
async function bare() {
  const machine = await startBareMachine();
  onTestFinished(() => machine.sshd.stop());
  const runit = await freshRunit();
  const { key, knownHosts, port } = machine.sshd.machine;
  const configuration = `secrets: {key: {file: ${'file' in key ? key.file : ''}}}
sources: {vms: {ssh: {user: hale, key: key, knownHosts: ${knownHosts}, port: ${port}}}}
services:
  shop: {target: {source: vms, host: 127.0.0.1, service: ${runit.service}}, corrections: {restart: {runit: restart, mode: act}}}
`;
  const config = join(await freshFolder(), 'hale.yaml');
  await writeFile(config, `apiVersion: hale/v1\n${configuration}`);
  const script = `${(await permissions({ config, script: '127.0.0.1' })).text}\n`;
  const { data } = await permissions({ config });
  const printed = wire.permissions.parse(data).permissions.map(({ line }) => line);
  const action: MachineAction = { kind: 'runit', command: 'restart', service: runit.service, machine: machine.sshd.machine };
  return { ...machine, apply: (line: string) => machine.apply(line, script), runit, printed, action, ask: () => asked(configuration) };
}

describe.skipIf(noBareMachine !== undefined)(`a machine${noBareMachine === undefined ? '' : ` (left out: ${noBareMachine})`}`, () => {
  it('on which exactly that is done which is printed lets hale have all of it and no more, and act', async () => {
    const { apply, printed, runit, action, ask } = await bare();
    for (const line of printed) apply(line);
    expect(await ask()).toEqual([allOfIt]);
    const on = machines({ commands, state: '/nowhere' });
    const target = { service: 'shop', action, timeoutMs: 10_000 };
    const look = await on.look(target);
    if (look.kind !== 'answered') throw new Error(look.why);
    const errand = { actionId: 'cycle/1/restart', fence: '1', permit: async () => undefined, abort: new AbortController().signal };
    const acted = await on.act({ ...target, ...errand }, first(look.facts, 'ticket') ?? '', first(look.facts, 'identity') ?? '');
    expect(acted.kind).toBe('answered');
    expect(await runit.starts()).toBe(2);
  });

  it('is made ready one missing line after the other, each named by doctor when the one before is there', async () => {
    const { apply, printed, ask } = await bare();
    const named: string[] = [];
    const missing = async () => (await ask()).filter((line) => line.startsWith('trouble'));
    let before = -1;
    for (let lines = await missing(); lines.length > 0 && named.length > before; lines = await missing()) {
      before = named.length;
      for (const line of printed.filter((one) => lines.some((said) => said.endsWith(`: ${one}`)))) {
        apply(line);
        named.push(line);
      }
    }
    expect(named.toSorted()).toEqual(printed.toSorted());
    expect(named.slice(0, 4).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'the key',
      expect.stringMatching(/^command=/),
      'install -D',
      'install -d',
    ]);
    expect(await ask()).toEqual([allOfIt]);
  });
});
