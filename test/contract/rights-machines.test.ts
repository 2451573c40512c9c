// What doctor is told by hale's script on another machine, over a real ssh and a real sshd, and on this one.
import { spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { commands } from '../../adapters/exec/commands.js';
import { machines } from '../../adapters/machines/machines.js';
import { rightsOnMachine } from '../../adapters/machines/rights.js';
import { installedOn } from '../../adapters/machines/script.js';
import type { MachineAction } from '../../domain/machine.js';
import { freePort } from '../../workers/stack/ports.js';
import { asked } from '../support/asked.js';
import { startSshd, type DebianSshd } from '../support/debian-sshd.js';
import { freshFolder } from '../support/knob.js';
import { listen } from '../support/listen.js';

let sshd: DebianSshd;
let where: string;
beforeAll(async () => {
  sshd = await startSshd();
  where = `${sshd.machine.user}@127.0.0.1`;
});
afterAll(() => sshd.stop());

const units = ['edge.service', 'web.service'];
const keyFile = () => ('file' in sshd.machine.key ? sshd.machine.key.file : '');

const at = ({ port = sshd.machine.port, known = sshd.machine.knownHosts, key = keyFile() } = {}) => `secrets: {key: {file: ${key}}}
sources: {vms: {ssh: {user: ${sshd.machine.user}, key: key, knownHosts: ${known}, port: ${port}}}}
services:
${units.map((unit) => `  ${unit.replace('.service', '')}: {target: {source: vms, host: 127.0.0.1, unit: ${unit}}, corrections: {restart: {systemd: restart, mode: act}}}\n`).join('')}`;

const allowed = units.map((unit) => `systemd restart ${unit}`);
const isRoot = process.getuid?.() === 0;
const root = (): string[] => (isRoot ? [`warning ${where}: more than the corrections need: root is root there`] : []);

describe('another machine', () => {
  it('with the script of this configuration answers that hale has all of it, and keeps nothing of the question', async () => {
    sshd.allow(...allowed);
    const lines = await asked(at());
    expect(lines).toEqual([`ok ${where}: hale has 8 rights that it needs`, ...root()]);
    expect(existsSync(sshd.state)).toBe(false);
  });

  it('whose script does not allow one target is told that one, with the script to install', async () => {
    sshd.allow('systemd restart edge.service');
    const lines = await asked(at());
    expect(lines[0]).toBe(`ok ${where}: hale has 4 rights that it needs`);
    expect(lines).toContain(
      `trouble ${where}: missing for edge/restart, web/restart (systemd restart web.service is not among what this machine allows): ${installedOn(sshd.machine).script}`,
    );
    expect(lines.filter((line) => line.startsWith('unknown'))).toEqual([expect.stringContaining('restart -- web.service')]);
  });

  it('whose script allows more, or is another one, is warned of', async () => {
    sshd.allow(...allowed, 'systemd restart sshd.service');
    const renew = 'hale permissions --script 127.0.0.1';
    expect(await asked(at())).toContain(
      `warning ${where}: more than the corrections need: the script there allows systemd restart sshd.service as well > ${renew}`,
    );
    sshd.allow(...allowed);
    appendFileSync(join(sshd.folder, 'hale-remote'), '# changed by hand\n');
    expect(await asked(at())).toContain(`warning ${where}: the script there is of another version of hale, or was changed > ${renew}`);
  });

  it('is asked about everything on it in one go, so that nothing that another correction needs is too much', async () => {
    sshd.allow(...allowed, 'disk reopenLogs HUP 1000000 0 10 /var/log/shop');
    const logs = 'logs: {disk: reopenLogs, under: [/var/log/shop], atLeast: 1MB, signal: HUP, mode: act}';
    const lines = await asked(at().replace('corrections: {', `corrections: {${logs}, `));
    expect(lines.filter((line) => line.includes('the script there'))).toEqual([]);
    expect(lines).toContainEqual(expect.stringMatching(/^trouble .*missing for edge\/logs \(there is no \/var\/log\/shop\)/));
  });

  it('that two sources reach has the script that is made for both', async () => {
    sshd.allow(...allowed);
    const [, source = ''] = /^sources: \{vms: (.*)\}$/m.exec(at()) ?? [];
    const both = at()
      .replace(/^sources: .*$/m, `sources: {vms: ${source}, more: ${source.replace('user:', 'atOnce: 2, user:')}}`)
      .replace('web: {target: {source: vms', 'web: {target: {source: more');
    expect(await asked(both)).toEqual([`ok ${where}: hale has 8 rights that it needs`, ...root()]);
  });

  it('whose script is too old to be asked is unknown', async () => {
    sshd.allow(...allowed);
    const script = join(sshd.folder, 'hale-remote');
    writeFileSync(script, readFileSync(script, 'utf8').replace('look | may) ;;', 'look) ;;'));
    expect(await asked(at())).toEqual([expect.stringMatching(/^unknown .*the first word is none of .*hale permissions --script/)]);
  });

  it('where the key runs something else is trouble', async () => {
    const shell = join(await freshFolder(), 'shell');
    writeFileSync(shell, '#!/bin/sh\nexec /bin/sh -c "$SSH_ORIGINAL_COMMAND"\n');
    chmodSync(shell, 0o755);
    sshd.force(shell);
    expect(await asked(at())).toContainEqual(expect.stringMatching(/^trouble .*\(ssh exited with 127; .*may.*not found.*\): command=/));
  });

  it('where hale may not write its journal is trouble', async () => {
    sshd.allow(...allowed);
    writeFileSync(sshd.state, 'a file in its place');
    onTestFinished(() => rmSync(sshd.state));
    expect(await asked(at())).toContainEqual(expect.stringMatching(/^trouble .*may not write .*state\): install -d -o root -m 700 /));
  });

  it('that is not known, or refuses the key, is trouble; one that can not be reached is unknown', async () => {
    sshd.allow(...allowed);
    const folder = await freshFolder();
    writeFileSync(join(folder, 'none'), '');
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'other')]);
    const said = async (way: Parameters<typeof at>[0], line: RegExp) =>
      expect(await asked(at(way))).toContainEqual(expect.stringMatching(line));
    await said(
      { known: join(folder, 'none') },
      /^trouble .*Host key verification failed.*: the key of host \[127\.0\.0\.1\]:\d+ in .*\/none, where/s,
    );
    await said({ key: join(folder, 'other') }, /^trouble .*Permission denied.*: command=/s);
    expect(await asked(at({ key: join(folder, 'gone') }))).toEqual([
      expect.stringMatching(/^unknown .*gone not accessible.*: the key of/s),
    ]);
    expect(await asked(at({ port: 1 }))).toEqual([expect.stringMatching(/^unknown .*Connection refused/s)]);
  });

  it('that never answers is asked once, however many targets it has', async () => {
    const machine = { ...sshd.machine, port: await listen(createServer()) };
    const actions = units.map((unit): MachineAction => ({ kind: 'systemd', command: 'restart', unit, machine }));
    let calls = 0;
    const run: typeof commands.run = (...call) => {
      calls += 1;
      return commands.run(...call);
    };
    const on = machines({ commands: { ...commands, run }, state: '/nowhere' });
    const [first, ...others] = actions;
    const states = await rightsOnMachine(
      on,
      [first as MachineAction, ...others],
      { timeoutMs: 500, abort: new AbortController().signal },
      actions,
    );
    expect(new Set(states.map(({ kind }) => kind))).toEqual(new Set(['unknown']));
    expect(calls).toBe(1);
  });

  it('whose key could not be tried for ways to other places is unknown in that', async () => {
    sshd.allow(...allowed);
    const run: typeof commands.run = async (argv, errand) =>
      argv.includes('-W') ? { kind: 'killed', sentence: 'ssh was killed' } : commands.run(argv, errand);
    const on = machines({ commands: { ...commands, run }, state: '/nowhere' });
    const action: MachineAction = { kind: 'systemd', command: 'restart', unit: 'edge.service', machine: sshd.machine };
    const states = await rightsOnMachine(on, [action], { timeoutMs: 5_000, abort: new AbortController().signal }, [action]);
    const { publicKey } = installedOn(sshd.machine);
    expect(states).toContainEqual({ kind: 'unknown', line: publicKey, why: 'nobody can tell whether this key may forward ports' });
  });

  it('that a source has found is asked too', async () => {
    sshd.allow('systemd restart edge.service');
    const discovered = `secrets: {key: {file: ${keyFile()}}}
sources:
  vms: {ssh: {user: ${sshd.machine.user}, key: key, knownHosts: ${sshd.machine.knownHosts}, port: ${sshd.machine.port}}}
  prom: {prometheus: 'http://127.0.0.1:9'}
services:
  edge:
    instances: {source: prom, query: up, by: instance}
    target: {source: vms, host: $host, unit: edge.service}
    corrections: {restart: {systemd: restart, on: instance, mode: act}}
`;
    const found = new Map([['edge', ['127.0.0.1:9100']]]);
    expect(await asked(discovered, { found })).toEqual([`ok ${where}: hale has 6 rights that it needs`, ...root()]);
  });
});

describe('machines that never answer', () => {
  it('are asked no more at once than the source allows, and given up together when the time is over', async () => {
    let [now, most] = [0, 0];
    const hosts = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
    const port = await freePort();
    for (const host of hosts) {
      const server = createServer((socket) => {
        most = Math.max(most, ++now);
        socket
          .resume()
          .on('error', () => undefined)
          .on('close', () => void now--);
      });
      await new Promise<void>((resolve) => server.listen(port, host, resolve));
      onTestFinished(() => void server.close());
    }
    const vms = `{user: ${sshd.machine.user}, key: key, knownHosts: ${sshd.machine.knownHosts}, port: ${port}, atOnce: 1}`;
    const mute = `secrets: {key: {file: ${keyFile()}}}
sources: {vms: {ssh: ${vms}}}
services:
  edge:
    instances: [${hosts.join(', ')}]
    target: {source: vms, host: $host, unit: edge.service}
    corrections: {restart: {systemd: restart, on: instance, mode: act}}
`;
    expect(await asked(mute, { bounds: { eachMs: 300, allMs: 10_000 } })).toHaveLength(hosts.length);
    expect(most).toBe(1);
    const lines = await asked(mute, { bounds: { eachMs: 60_000, allMs: 500 } });
    expect(lines.map((line) => /^unknown .*called off/s.test(line))).toEqual([true, true, true]);
  });
});

describe('this machine', () => {
  it('is asked as whoever asks, and keeps nothing of the question', async () => {
    const [logs, gone] = [join(await freshFolder(), 'logs'), join(await freshFolder(), 'gone')];
    await mkdir(logs);
    const disk = { kind: 'disk', command: 'truncateLogs', under: [logs, gone], atLeastBytes: 1, olderThanMs: 0, filesMax: 1 } as const;
    const state = join(await freshFolder(), 'state');
    const on = machines({ commands, state });
    const ask = { timeoutMs: 5_000, abort: new AbortController().signal };
    const states = await rightsOnMachine(on, [{ kind: 'runit', command: 'restart', service: '/etc/service/shop' }, disk], ask, []);
    expect(states.map(({ kind }) => kind)).toEqual([...(isRoot ? ['granted', 'granted'] : ['missing', 'missing']), 'granted', 'missing']);
    expect(states.at(-1)).toMatchObject({ line: `own the logs under ${gone}`, why: `there is no ${gone}` });
    expect(existsSync(state)).toBe(false);
  });
});
