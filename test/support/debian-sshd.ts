import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { authorizedKeysLine, remoteScript } from '../../adapters/machines/script.js';
import type { Machine } from '../../domain/machine.js';
import { freePort } from '../../workers/stack/ports.js';

/** A real sshd of package `openssh-server` on loopback, for one key that may run hale's script and nothing else. */
export interface DebianSshd {
  readonly machine: Machine;
  readonly pid: number;
  readonly folder: string;
  /** Where the script keeps fences and journals. */
  readonly state: string;
  /** What the key may run from now on: a path. */
  readonly force: (command: string) => void;
  /** The script, with these targets allowed from now on. */
  readonly allow: (...allowed: string[]) => void;
  readonly stop: () => Promise<void>;
}

export async function startSshd(prefix: readonly string[] = []): Promise<DebianSshd> {
  const folder = mkdtempSync(join(tmpdir(), 'hale-sshd-'));
  const at = (name: string): string => join(folder, name);
  const port = await freePort();
  for (const name of ['host', 'client']) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', at(name)]);
  writeFileSync(at('known_hosts'), `[127.0.0.1]:${port} ${readFileSync(at('host.pub'), 'utf8')}`);
  writeFileSync(at('sshd_config'), configuration(folder, port));
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  const force = (command: string): void =>
    writeFileSync(at('authorized_keys'), `${authorizedKeysLine(readFileSync(at('client.pub'), 'utf8'), command)}\n`);
  const allow = (...allowed: string[]): void => {
    writeFileSync(at('hale-remote'), remoteScript(allowed, at('state')));
    chmodSync(at('hale-remote'), 0o755);
    force(at('hale-remote'));
  };
  allow();
  const child = spawn('/usr/bin/env', [...prefix, '/usr/sbin/sshd', '-D', '-e', '-f', at('sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => void (said = (said + chunk.toString()).slice(-2_000)));
  const ended = new Promise<string>((resolve) => {
    child.once('exit', () => resolve('ended'));
    child.once('error', (error) => resolve(error.message));
  });
  const why = await Promise.race([ended, listens(port)]);
  if (why !== 'ready') throw new Error(`sshd did not start (${why}): ${said}`);
  const { username } = userInfo();
  return {
    machine: { host: '127.0.0.1', port, user: username, key: { file: at('client') }, knownHosts: at('known_hosts'), atOnce: 4 },
    pid: child.pid ?? 0,
    folder,
    state: at('state'),
    force,
    allow,
    stop: async () => {
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * As hardened as what docs/corrections.md asks for; the modes of a folder in /tmp are not looked at. Keys are agreed on by the
 * cheapest of today's ways: the default one takes ten times as long, and nobody listens.
 */
const configuration = (folder: string, port: number): string => `ListenAddress 127.0.0.1:${port}
HostKey ${folder}/host
AuthorizedKeysFile ${folder}/authorized_keys
PidFile none
StrictModes no
KexAlgorithms curve25519-sha256
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin forced-commands-only
MaxStartups 100
Subsystem sftp internal-sftp
`;

async function listens(port: number): Promise<string> {
  for (let tries = 0; tries < 200; tries++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(socket.destroy() && true));
      socket.once('error', () => resolve(false));
    });
    if (open) return 'ready';
    await wait(50);
  }
  return 'it did not listen within 10 s';
}
