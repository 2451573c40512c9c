import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { DebianSshd } from '../../../debian-sshd.js';
import type { Subject } from '../subject.js';
import type { Act } from '../trial.js';

/** A service under runsv that writes down each of its starts. */
export async function runitTarget(service: string, folder: string, sshd?: Sshd): Promise<Subject> {
  const [home, ledger] = [join(folder, service), join(folder, `${service}.ledger`)];
  mkdirSync(home);
  writeFileSync(ledger, '');
  writeFileSync(join(home, 'run'), `#!/bin/sh\ndate +%s%N >> ${ledger}\nexec sleep 100000\n`, { mode: 0o755 });
  const runsv = spawn('runsv', [home], { stdio: 'ignore', detached: true });
  const acts = (): Act[] =>
    readFileSync(ledger, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => ({ at: Number(line) / 1e6 }));
  while (acts().length === 0) await wait(20);
  let done = -1;
  const target = { service: home, ...(sshd && { source: 'vms', host: '127.0.0.1' }) };
  return {
    service,
    kind: sshd === undefined ? 'runit' : 'runit over ssh',
    privilege: 'machine',
    fencedBy: 'target',
    correction: { runit: 'restart', target },
    ...(sshd && { sources: { vms: { ssh: sshd.source } }, secrets: { 'vms-key': { file: sshd.key } } }),
    breakIt: async () => void (done = acts().length),
    isWell: () => acts().length > done,
    acts,
    ...(sshd && { turnedAway: () => sshd.turnedAway(home) }),
    close: async () => {
      spawnSync('sv', ['-w', '5', 'exit', home]);
      spawnSync('kill', ['-KILL', '--', `-${runsv.pid}`]);
    },
  };
}

/** How hale gets to a machine, and what the machine has refused. */
export interface Sshd {
  readonly source: Readonly<Record<string, unknown>>;
  readonly key: string;
  readonly turnedAway: (folder: string) => number;
}

/** The forced command as hale writes it, with somebody before it who writes down what was asked and how it ended. */
export function countingSshd(sshd: DebianSshd, folders: readonly string[]): Sshd {
  const { machine, folder, allow, force } = sshd;
  allow(...folders.map((one) => `runit restart ${one}`));
  const [ledger, counting] = [join(folder, 'requests'), join(folder, 'counting')];
  writeFileSync(ledger, '');
  writeFileSync(
    counting,
    `#!/bin/sh\n${join(folder, 'hale-remote')}\ncode=$?\necho "$code $SSH_ORIGINAL_COMMAND" >> ${ledger}\nexit $code\n`,
  );
  chmodSync(counting, 0o755);
  force(counting);
  const { user, port, knownHosts, key } = machine;
  return {
    source: { user, key: 'vms-key', knownHosts, port, atOnce: 4 },
    key: 'file' in key ? key.file : '',
    turnedAway: (home) =>
      readFileSync(ledger, 'utf8')
        .split('\n')
        .filter((line) => line.startsWith('77 act ') && line.endsWith(` ${home}`)).length,
  };
}
