// A machine is made ready for hale by an administrator who does what is printed, over a real ssh, sshd and sudo.
import { readFileSync, writeFileSync } from 'node:fs';
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
  return {
    ...machine,
    apply: (line: string) => machine.apply(line, script),
    runit,
    printed,
    action,
    ask: () => asked(configuration),
    configuration,
  };
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

  it('whose sudoers has more for the account than is printed is warned of each command, and of nothing that is printed in another way', async () => {
    const { apply, printed, runit, asRoot, ask } = await bare();
    for (const line of printed) apply(line);
    const told = async (more: string) => {
      asRoot(`umask 337; rm -f /etc/sudoers.d/more; echo 'hale ALL=${more}' >/etc/sudoers.d/more`);
      const [ok, ...others] = await ask();
      expect(ok).toBe(allOfIt);
      return others.map((line) => line.replace(`warning ${where}: more than the corrections need: hale may run `, ''));
    };
    const more = '/usr/bin/systemctl --no-ask-password *';
    const needed = `/usr/bin/sv -w 8 restart ${runit.service}`;
    expect(await told('(root) NOPASSWD: /usr/bin/systemctl')).toEqual(['/usr/bin/systemctl by sudo there, with any arguments']);
    expect(await told(`(root) NOPASSWD: ${more}, /usr/bin/sv`)).toEqual([
      `${more} by sudo there`,
      '/usr/bin/sv by sudo there, with any arguments',
    ]);
    expect(await told(`(root) NOPASSWD: ${needed}, ${needed}, ${more}`)).toEqual([`${more} by sudo there`]);
    expect(await told('(ALL:ALL) NOPASSWD: ALL')).toEqual(['ALL by sudo there']);
    expect(await told(`(root) NOPASSWD: SETENV: ${needed}`)).toEqual([`SETENV: NOPASSWD: ${needed} by sudo there`]);
    expect(await told(`(root) NOPASSWD: NOEXEC: /usr/bin/sv status ${runit.service}, !/bin/sh, ${needed}`)).toEqual([]);
  });

  it('on which another account needs a command is warned of where hale has it as this one', async () => {
    const { apply, printed, asRoot, configuration } = await bare();
    for (const line of printed) apply(line);
    const [, source = ''] = /^sources: \{vms: (.*)\}$/m.exec(configuration) ?? [];
    const web = `  web:
    target: {source: others, host: 127.0.0.1, unit: web.service}
    corrections: {reset: {systemd: resetFailed, mode: act}}
`;
    const both = configuration.replace('sources: {', `sources: {others: ${source.replace('user: hale', 'user: root')}, `) + web;
    const reset = '/usr/bin/systemctl --no-ask-password reset-failed -- web.service';
    asRoot(`umask 337; echo 'hale ALL=(root) NOPASSWD: ${reset}' >/etc/sudoers.d/more`);
    expect((await asked(both)).filter((line) => line.includes(where))).toEqual([
      allOfIt,
      `warning ${where}: more than the corrections need: hale may run ${reset} by sudo there`,
    ]);
  });

  it('whose line of authorized_keys forgets restrict is warned of: the key may forward ports', async () => {
    const { apply, printed, keys, ask } = await bare();
    for (const line of printed) apply(line);
    const line = readFileSync(keys, 'utf8');
    writeFileSync(keys, line.replace(',restrict', ''));
    expect(await ask()).toEqual([
      allOfIt,
      `warning ${where}: more than the corrections need: its key may forward ports: its line in authorized_keys does not say restrict`,
    ]);
    writeFileSync(keys, line.replace('restrict', 'no-port-forwarding'));
    expect(await ask()).toEqual([allOfIt]);
  });

  it('whose account may write the script, or a folder above it, is warned of each', async () => {
    const { apply, printed, asRoot, ask } = await bare();
    for (const line of printed) apply(line);
    const warning = (path: string) =>
      `warning ${where}: more than the corrections need: hale may write ${path} there, and so decide what its key may run > chown root:root ${path} && chmod go-w ${path}`;
    const script = '/usr/local/lib/hale/hale-remote';
    asRoot('chmod 1777 /usr/local/lib/hale');
    expect(await ask()).toEqual([allOfIt]);
    asRoot(`chown hale ${script} && chmod 777 /usr/local/lib/hale`);
    const lines = await ask();
    expect(lines).toEqual([allOfIt, warning(script), warning('/usr/local/lib/hale')]);
    for (const line of lines.slice(1)) asRoot(line.split(' > ')[1] ?? '');
    expect(await ask()).toEqual([allOfIt]);
    asRoot(`mv ${script} /usr/local/lib/hale/real && ln -s real ${script} && chown hale /usr/local/lib/hale/real`);
    expect(await ask()).toContain(warning('/usr/local/lib/hale/real'));
  });
});
