import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** A real systemd as PID 1 of namespaces of its own: another machine, as far as units go. The network is this one's. */
export interface OwnSystemd {
  /** What runs a program there. */
  readonly prefix: readonly string[];
  readonly systemctl: (...args: string[]) => string;
  /** Writes a unit's file and has systemd read it; absent takes it away. */
  readonly unit: (name: string, text?: string) => void;
  readonly folder: string;
  readonly stop: () => Promise<void>;
}

/** Why none can be started here: it takes root, and a control group to put it into. */
export const noSystemd: string | undefined = reason();

function reason(): string | undefined {
  if (process.getuid?.() !== 0) return 'a systemd of its own takes root';
  if (!existsSync('/lib/systemd/systemd')) return 'package systemd is not installed';
  const tried = spawnSync('unshare', ['-m', '-p', '-f', '-u', '-i', '-C', 'true'], { encoding: 'utf8' });
  if (tried.status !== 0) return `no namespaces here: ${tried.stderr.trim()}`;
  return controlGroups() === undefined ? 'there are no control groups of version 2 here' : undefined;
}

/** Where control groups of version 2 are mounted, alone or beside those of version 1. */
function controlGroups(): string | undefined {
  return ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find((folder) => existsSync(join(folder, 'cgroup.controllers')));
}

/** In a group of its own, so that this systemd sees and cleans nothing of the one around it. */
const boot = (folder: string): string => `#!/bin/sh
set -e
mount --make-rprivate /
umount -R /sys/fs/cgroup
mount -t tmpfs tmpfs /run
mkdir -p /run/lock /run/sshd
exec env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin SYSTEMD_UNIT_PATH=${folder}/units SYSTEMD_LOG_TARGET=null \\
  /lib/systemd/systemd --system --unit=lab.target
`;

export async function startSystemd(): Promise<OwnSystemd> {
  const folder = mkdtempSync(join(tmpdir(), 'hale-systemd-'));
  const at = (name: string): string => join(folder, name);
  const group = join(controlGroups() ?? '', basename(folder));
  mkdirSync(group);
  mkdirSync(at('units'));
  for (const target of ['lab', 'sysinit', 'basic', 'shutdown'])
    writeFileSync(at(`units/${target}.target`), '[Unit]\nDefaultDependencies=no\n');
  writeFileSync(at('boot'), boot(folder));
  chmodSync(at('boot'), 0o755);
  const enter = `echo $$ >${group}/cgroup.procs && exec unshare -m -p -f -u -i -C --mount-proc ${at('boot')}`;
  const outer = spawn('/bin/sh', ['-c', enter], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  outer.stderr.on('data', (chunk: Buffer) => void (said += chunk.toString()));
  const ended = new Promise((resolve) => outer.once('exit', resolve));
  const inner = (): string => readFileSync(`/proc/${outer.pid}/task/${outer.pid}/children`, 'utf8').trim();
  const stop = async (): Promise<void> => {
    process.kill(Number(inner()), 'SIGKILL');
    await ended;
    execFileSync('find', [group, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';']);
    rmSync(folder, { recursive: true, force: true });
  };
  for (let tries = 0; ; tries++) {
    const pid = outer.exitCode === null ? inner() : '';
    const state =
      pid === ''
        ? ''
        : spawnSync('nsenter', ['-t', pid, '-m', '-p', '--', 'systemctl', 'is-system-running'], { encoding: 'utf8' }).stdout.trim();
    if (state === 'running') break;
    if (tries > 200 || outer.exitCode !== null) throw new Error(`systemd did not start (${state}): ${said}`);
    await wait(50);
  }
  const prefix = ['nsenter', '-t', inner(), '-m', '-p', '-u', '-i', '-C', '--'];
  const systemctl = (...args: string[]): string =>
    execFileSync(prefix[0] ?? '', [...prefix.slice(1), 'systemctl', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  return {
    prefix,
    systemctl,
    folder,
    unit: (name, text) => {
      if (text === undefined) rmSync(at(`units/${name}`), { force: true });
      else writeFileSync(at(`units/${name}`), text);
      systemctl('daemon-reload');
    },
    stop,
  };
}
