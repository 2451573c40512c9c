import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import Docker from 'dockerode';

/** A real docker of its own, of Debian's package `docker.io`, on a unix socket, with everything it keeps in a folder of its own. */
export interface Dockerd {
  readonly socket: string;
  /** `unix://...`, as the configuration has it. */
  readonly url: string;
  readonly pid: number;
  readonly folder: string;
  readonly client: Docker;
  /** Ends it, with what runs in it, and starts it again. */
  readonly restart: () => Promise<void>;
  /** Ends it and what runs in it, and removes its folder. */
  readonly stop: () => Promise<void>;
}

/** Images that every private docker has: busybox with a page for its web server, in two versions. */
export const images = { v1: 'lab/bb:1', v2: 'lab/bb:2' } as const;

/** Without a bridge and without rules of a packet filter: its containers have the host's network, or none. */
export async function startDockerd(): Promise<Dockerd> {
  const folder = mkdtempSync(join(tmpdir(), 'hale-dockerd-'));
  const socket = join(folder, 'docker.sock');
  const places = ['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec'), '-p', join(folder, 'docker.pid')];
  const plain = ['--bridge=none', '--iptables=false', '--ip6tables=false', '--storage-driver=vfs', '-H', `unix://${socket}`];
  const log = join(folder, 'log');
  const out = openSync(log, 'a');
  const begin = () => {
    const child = spawn('dockerd', [...plain, ...places], { stdio: ['ignore', out, out] });
    return { child, ended: once(child, 'exit').catch(() => undefined) };
  };
  let life = begin();
  const client = new Docker({ socketPath: socket });
  const end = async ({ child, ended }: typeof life): Promise<void> => {
    child.kill('SIGTERM');
    await Promise.race([ended, wait(10_000, undefined, { ref: false }).then(() => child.kill('SIGKILL'))]);
    await ended;
  };
  const stop = async (): Promise<void> => {
    await removeAll(client);
    await end(life);
    unmount(folder);
    rmSync(folder, { recursive: true, force: true });
  };
  const ready = async (): Promise<void> => {
    if (!(await isReady(client))) throw new Error(`dockerd did not start: ${readFileSync(log, 'utf8').slice(-2_000)}`);
  };
  const restart = async (): Promise<void> => {
    // It ends what runs in it first. Killed meanwhile it would not start again.
    life.child.kill('SIGTERM');
    await life.ended;
    life = begin();
    await ready();
  };
  await ready();
  for (const [page, image] of Object.entries(images)) await importImage(client, folder, page, image);
  return { socket, url: `unix://${socket}`, pid: life.child.pid ?? 0, folder, client, restart, stop };
}

/** It leaves the host's network namespace mounted when a container has had it. */
function unmount(folder: string): void {
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((at) => at.startsWith(`${folder}/`));
  for (const at of mounts.toSorted().toReversed()) execFileSync('umount', [at]);
}

async function isReady(client: Docker): Promise<boolean> {
  for (let tries = 0; tries < 600; tries++) {
    if (await client.ping().catch(() => undefined)) return true;
    await wait(50);
  }
  return false;
}

async function importImage(client: Docker, folder: string, page: string, image: string): Promise<void> {
  const root = join(folder, `rootfs-${page}`);
  for (const part of ['bin', 'www', 'tmp']) mkdirSync(join(root, part), { recursive: true });
  copyFileSync('/bin/busybox', join(root, 'bin', 'busybox'));
  chmodSync(join(root, 'bin', 'busybox'), 0o755);
  symlinkSync('busybox', join(root, 'bin', 'sh'));
  const archive = join(folder, `${page}.tar`);
  execFileSync('sh', [
    '-c',
    `printf 'shop_up 1\\n' > ${root}/www/metrics; echo "ok ${page}" > ${root}/www/health; tar -C ${root} -cf ${archive} .`,
  ]);
  const [repo, tag] = image.split(':') as [string, string];
  const progress = await client.importImage(archive, { repo, tag });
  await new Promise<void>((resolve, reject) => client.modem.followProgress(progress, (error) => (error ? reject(error) : resolve())));
}

async function removeAll(client: Docker): Promise<void> {
  const all = await client.listContainers({ all: true }).catch(() => []);
  await Promise.all(
    all.map(({ Id }) =>
      client
        .getContainer(Id)
        .remove({ force: true, v: true })
        .catch(() => undefined),
    ),
  );
}
