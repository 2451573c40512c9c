import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startSshd, type DebianSshd } from './debian-sshd.js';

/** A machine that hale has an account on and nothing else: programs and network are this one's, what is installed for hale is its own. */
export interface BareMachine {
  readonly sshd: DebianSshd;
  /** Does there, as root, what an administrator does with this line of `hale permissions`. */
  readonly apply: (line: string, script: string) => void;
  /** Runs a command there as root. */
  readonly asRoot: (command: string) => string;
  /** The account's authorized_keys. */
  readonly keys: string;
}

/** Why none can be made here. */
export const noBareMachine: string | undefined = reason();

function reason(): string | undefined {
  if (process.getuid?.() !== 0) return 'a machine of its own takes root';
  if (spawnSync('sudo', ['-V']).error !== undefined) return 'package sudo is not installed';
  const tried = spawnSync('unshare', ['-m', 'true'], { encoding: 'utf8' });
  return tried.status === 0 ? undefined : `no namespaces here: ${tried.stderr.trim()}`;
}

const account = 'hale';
const uid = 7_777;

const bare = `set -e
mount --make-rprivate /
own=$(mktemp -d)
for table in passwd shadow; do cp -p /etc/$table $own; done
echo '${account}:x:${uid}:${uid}::/:/bin/sh' >>$own/passwd
echo '${account}:*:19000::::::' >>$own/shadow
for table in passwd shadow; do mount --bind $own/$table /etc/$table; done
for folder in /etc/sudoers.d /usr/local/lib /var/lib; do mount -t tmpfs -o mode=755 tmpfs $folder; done
exec "$@"`;

export async function startBareMachine(): Promise<BareMachine> {
  const sshd = await startSshd(['unshare', '-m', '/bin/sh', '-c', bare, 'sh']);
  const [keys, folder] = [join(sshd.folder, 'authorized_keys'), sshd.folder];
  chmodSync(folder, 0o755);
  writeFileSync(keys, '');
  writeFileSync(sshd.machine.knownHosts, '');
  const asRoot = (command: string): string =>
    execFileSync('nsenter', ['-t', String(sshd.pid), '-m', '/bin/sh', '-c', `cd ${folder} && ${command}`], { encoding: 'utf8' });
  const apply = (line: string, script: string): void => {
    if (line.startsWith('command=')) writeFileSync(keys, `${line}\n`, { flag: 'a' });
    else if (line.startsWith('the key of host'))
      writeFileSync(sshd.machine.knownHosts, `[127.0.0.1]:${sshd.machine.port} ${readFileSync(join(folder, 'host.pub'), 'utf8')}`);
    else if (line.startsWith(`${account} ALL=`)) asRoot(`umask 337; echo '${line}' >>/etc/sudoers.d/hale`);
    else {
      writeFileSync(join(folder, 'hale-remote'), script, { mode: 0o600 });
      asRoot(line);
    }
  };
  return { sshd: { ...sshd, machine: { ...sshd.machine, user: account } }, apply, asRoot, keys };
}
