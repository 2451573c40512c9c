import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { link, mkdir, open, readdir, readFile, readlink, rename, rm, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { diskProvider } from '../../adapters/machines/disk.js';
import { ActionFailed, TargetRefused } from '../../domain/failure.js';
import type { Action } from '../../domain/service.js';
import { noBareMachine } from '../support/bare-machine.js';
import { freshFolder } from '../support/knob.js';
import { holdLock, locally, overSsh, type Way } from '../support/machine.js';
import { callOn, holdsProviderContract, type Bench } from '../../testing/provider.contract.js';

type Disk = Extract<Action, { kind: 'disk' }>;
type DiskBench = Bench<Disk> & { readonly folder: string };

const large = 2_000_000;
const truncating = { kind: 'disk', command: 'truncateLogs', atLeastBytes: 1_000_000, olderThanMs: 0, filesMax: 10 } as const;
const without = { goal: 'the files are named by what is found', undo: 'what was emptied is gone' };

async function logs(way: Way, more: Partial<Disk> = {}): Promise<DiskBench> {
  const folder = join(await freshFolder(), 'logs');
  await mkdir(folder);
  await writeFile(join(folder, 'app.log'), 'x'.repeat(large));
  await writeFile(join(folder, 'small.log'), 'kept');
  const action = way.aim<Disk>({ ...truncating, under: [folder], ...more });
  const sizes = async () => {
    const names = (await readdir(folder).catch(() => [])).toSorted((a, b) => a.localeCompare(b));
    return Promise.all(names.map(async (name) => [name, (await stat(join(folder, name))).size] as const));
  };
  return {
    folder,
    provider: diskProvider(way.machines),
    target: { service: 'shop', action, timeoutMs: 10_000 },
    effects: async () => (await sizes()).filter(([, size]) => size === 0).length,
    state: async () => JSON.stringify(await sizes()),
    disturb: async () => {
      await rename(join(folder, 'app.log'), join(folder, 'app.log.1'));
      await writeFile(join(folder, 'app.log'), 'y'.repeat(large));
    },
    loseAnswers: way.loseAnswers,
    hang: () => holdLock(way.state, action),
    remove: () => rm(folder, { recursive: true }),
  };
}

interface Holder {
  readonly folder: string;
  readonly pid: number;
  /** Signals at which it opened its log anew. */
  readonly reopened: () => Promise<number>;
}

/**
 * A real program with a large log of which somebody has removed the name. It opens the log anew at USR1, if it is `willing`.
 * @param before what somebody does with the log while it has its name
 */
async function holder(willing = true, before: (log: string) => Promise<void> = async () => undefined): Promise<Holder> {
  const folder = join(await freshFolder(), 'logs');
  await mkdir(folder);
  const log = join(folder, 'app.log');
  const ledger = join(dirname(folder), 'ledger');
  const program = `const fs = require('fs'); let log = fs.openSync('${log}', 'a'); fs.writeSync(log, 'x'.repeat(${large}));
    ${willing ? `process.on('SIGUSR1', () => { fs.closeSync(log); log = fs.openSync('${log}', 'a'); fs.appendFileSync('${ledger}', 'x'); });` : `process.on('SIGUSR1', () => {});`}
    fs.writeFileSync('${ledger}', ''); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['-e', program], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  await expect.poll(() => readFile(ledger, 'utf8').catch(() => 'not yet'), { timeout: 10_000 }).toBe('');
  await before(log);
  await rm(log);
  return { folder, pid: child.pid ?? 0, reopened: async () => (await readFile(ledger, 'utf8')).length };
}

/** A program that follows the log, as those do that ship it elsewhere. USR1 ends it; at USR2 it says that it is there. */
async function reader(log: string): Promise<{ readonly pid: number; readonly isThere: () => Promise<void> }> {
  const said = join(await freshFolder(), 'said');
  const program = `const fs = require('fs'); fs.openSync('${log}', 'r'); process.on('SIGUSR1', () => process.exit(1));
    process.on('SIGUSR2', () => fs.writeFileSync('${said}', 'there')); fs.writeFileSync('${said}', ''); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['-e', program], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  const says = (what: string) => expect.poll(() => readFile(said, 'utf8').catch(() => 'not yet'), { timeout: 10_000 }).toBe(what);
  await says('');
  const isThere = async () => {
    child.kill('SIGUSR2');
    await says('there');
  };
  return { pid: child.pid ?? 0, isThere };
}

const reopening = { ...truncating, command: 'reopenLogs', signal: 'USR1' } as const;

async function held(way: Way): Promise<DiskBench> {
  const { folder, reopened, pid } = await holder();
  const action = way.aim<Disk>({ ...reopening, under: [folder] });
  return {
    folder,
    provider: diskProvider(way.machines),
    target: { service: 'shop', action, timeoutMs: 10_000 },
    effects: reopened,
    state: async () =>
      `${await reopened()} ${spawnSync('find', [`/proc/${pid}/fd`, '-lname', `${folder}/*`, '-printf', '%f %l\n'], { encoding: 'utf8' }).stdout}`,
    disturb: async () => {
      await holderOf(folder);
    },
    loseAnswers: way.loseAnswers,
    hang: () => holdLock(way.state, action),
    remove: () => rm(folder, { recursive: true }),
  };
}

/** Another program with a deleted log in the same folder. */
async function holderOf(folder: string): Promise<void> {
  const log = join(folder, 'other.log');
  const program = `const fs = require('fs'); const log = fs.openSync('${log}', 'a'); fs.writeSync(log, 'x'.repeat(${large})); fs.unlinkSync('${log}'); fs.writeFileSync('${folder}/ready', ''); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['-e', program], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  await expect.poll(() => readFile(join(folder, 'ready'), 'utf8').catch(() => 'not yet'), { timeout: 10_000 }).toBe('');
}

holdsProviderContract('disk that empties logs', async () => logs(await locally()), without);
holdsProviderContract('disk that empties logs over ssh', async () => logs(await overSsh()), without);
holdsProviderContract('disk that has logs opened anew', async () => held(await locally()), without);

describe('disk that empties logs', () => {
  const examine = async ({ provider, target }: DiskBench) => provider.examine(target, await provider.image(target), undefined);

  it('names what it would empty, the largest first, and no more than it may', async () => {
    const bench = await logs(await locally(), { filesMax: 2 });
    await writeFile(join(bench.folder, 'b.out'), 'x'.repeat(2 * large));
    await writeFile(join(bench.folder, 'c.err'), 'x'.repeat(large - 1));
    const seen = await examine(bench);
    expect(seen).toMatchObject({
      applicable: true,
      evidence: expect.stringMatching(/^2 files with 6 MB on .*: .*\/b\.out \(4 MB\), .*\/app\.log \(2 MB\)$/),
    });
    await bench.provider.apply(await callOn(bench));
    expect(await bench.state()).toBe(
      JSON.stringify([
        ['app.log', 0],
        ['b.out', 0],
        ['c.err', large - 1],
        ['small.log', 4],
      ]),
    );
  });

  it('leaves alone links, files with a second name, files of other kinds, and what was written to lately', async () => {
    const bench = await logs(await locally(), { olderThanMs: 60_000 });
    const precious = join(await freshFolder(), 'precious.log');
    await writeFile(precious, 'x'.repeat(large));
    await symlink(precious, join(bench.folder, 'link.log'));
    await symlink(dirname(precious), join(bench.folder, 'folder.log'));
    await writeFile(join(bench.folder, 'twice.log'), 'x'.repeat(large));
    await link(join(bench.folder, 'twice.log'), join(bench.folder, 'second.name'));
    await writeFile(join(bench.folder, 'shop.db'), 'x'.repeat(large));
    await writeFile(join(bench.folder, 'with a space.log'), 'x'.repeat(large));
    for (const name of ['twice.log', 'shop.db', 'with a space.log']) await utimes(join(bench.folder, name), 1, 1);
    expect(await examine(bench)).toMatchObject({
      applicable: false,
      reason: expect.stringMatching(/^already so: there is no log of at least 1 MB/),
    });
    await utimes(join(bench.folder, 'app.log'), 1, 1);
    await bench.provider.apply(await callOn(bench));
    expect(await bench.effects()).toBe(1);
    expect((await stat(precious)).size).toBe(large);
  });

  it.each([
    ['PG_VERSION', 'PostgreSQL'],
    ['pg_wal/', 'PostgreSQL'],
    ['ibdata1', 'MySQL or MariaDB'],
    ['WiredTiger', 'MongoDB'],
    ['member/wal/', 'etcd'],
    ['objects/ refs/ HEAD', 'git'],
    ['overlay2/', 'Docker or containerd'],
    ['containers/ image/', 'Docker or containerd'],
    ['dump.rdb', 'Redis'],
    ['chunks_head/', 'Prometheus'],
    ['recovery-point-offset-checkpoint', 'Kafka'],
    ['CURRENT LOCK', 'RocksDB or LevelDB'],
    ['run.json postgres/', 'hale'],
  ])('does nothing beside, below or above %s: that is a data directory of %s', async (marks, owner) => {
    const bench = await logs(await locally());
    const mark = async (folder: string) => {
      for (const name of marks.split(' ')) {
        if (name.endsWith('/')) await mkdir(join(folder, name), { recursive: true });
        else await writeFile(join(folder, name), '');
      }
    };
    const refusal = { applicable: false, reason: expect.stringContaining(`data directory of ${owner}`) };
    await mkdir(join(bench.folder, 'deep'));
    await mark(join(bench.folder, 'deep'));
    expect(await examine(bench)).toMatchObject({ applicable: true });
    await writeFile(join(bench.folder, 'deep', '000003.log'), 'x'.repeat(large));
    expect(await examine(bench)).toMatchObject(refusal);
    await mark(dirname(bench.folder));
    expect(await examine(bench)).toMatchObject(refusal);
    await expect(bench.provider.apply(await callOn(bench))).rejects.toThrow(TargetRefused);
    expect(await bench.effects()).toBe(0);
  });

  it.each(['/var', '/etc/shop', '/usr/share/shop', '/lib64/shop', '/proc/1'])(
    'does nothing in %s, which is of the system',
    async (folder) => {
      const bench = await logs(await locally(), { under: [folder] });
      expect(await examine(bench)).toMatchObject({
        applicable: false,
        reason: expect.stringContaining(`${folder} is a folder of the system`),
      });
    },
  );

  it('does nothing through a folder that is a link, and says where it leads', async () => {
    const bench = await logs(await locally());
    const real = `${bench.folder}.real`;
    await rename(bench.folder, real);
    await symlink(real, bench.folder);
    expect(await examine(bench)).toMatchObject({
      applicable: false,
      reason: `${bench.folder} leads to ${real}; allowed: the folder itself`,
    });
  });

  it('empties the file that it found and no other that took its place while permission was asked', async () => {
    const bench = await logs(await locally());
    const precious = join(await freshFolder(), 'precious.db');
    await writeFile(precious, 'x'.repeat(large));
    const permit = async () => {
      await rm(join(bench.folder, 'app.log'));
      await symlink(precious, join(bench.folder, 'app.log'));
    };
    await expect(bench.provider.apply(await callOn(bench, { permit }))).rejects.toThrow(/changed meanwhile/);
    expect((await stat(precious)).size).toBe(large);
  });

  /** The moment at which the script opens what it has found: by then something else may stand in its place. */
  async function opening() {
    const script = readFileSync(new URL('../../adapters/machines/hale-remote.sh', import.meta.url), 'utf8');
    const [emptying = ''] = /^truncate_file\(\) \([^]*?^\)/m.exec(script) ?? [];
    const folder = await freshFolder();
    for (const name of ['precious', 'found']) await writeFile(join(folder, name), 'x');
    const found = await stat(join(folder, 'found'));
    const empty = (name: string, names = 1) =>
      spawnSync('sh', ['-c', `${emptying}\ntruncate_file ${found.dev}:${found.ino} ${names} ${resolve(folder, name)}`], { timeout: 10_000 })
        .status;
    return { folder, empty };
  }

  it('compares the file that it has opened, whatever its name leads to by then', async () => {
    const { folder, empty } = await opening();
    expect(empty('precious')).toBe(1);
    expect((await stat(join(folder, 'precious'))).size).toBe(1);
    await link(join(folder, 'found'), join(folder, 'second name'));
    expect(empty('found')).not.toBe(0);
    expect((await stat(join(folder, 'found'))).size).toBe(1);
    await rm(join(folder, 'second name'));
    expect(empty('found')).toBe(0);
    expect((await stat(join(folder, 'found'))).size).toBe(0);
  });

  it('follows no link, makes no file and waits at no pipe in the place of a log', async () => {
    const { folder, empty } = await opening();
    const at = (name: string): string => join(folder, name);
    await symlink(at('made'), at('dangling'));
    await symlink(at('found'), at('link'));
    spawnSync('mkfifo', [at('pipe')]);
    for (const name of ['gone', 'dangling', 'link', 'pipe']) expect([name, empty(name)]).toEqual([name, 1]);
    expect((await readdir(folder)).toSorted()).toEqual(['dangling', 'found', 'link', 'pipe', 'precious']);
    expect((await stat(at('found'))).size).toBe(1);
  });

  it('empties no file that a process has put in the place of the deleted one', async () => {
    const { folder, empty } = await opening();
    const held = await open(join(folder, 'precious'), 'a');
    onTestFinished(() => held.close());
    expect(empty(`/proc/${process.pid}/fd/${held.fd}`, 0)).toBe(1);
    expect((await stat(join(folder, 'precious'))).size).toBe(1);
  });

  it('empties a deleted file through the process that holds it, and names both', async () => {
    const { folder, pid } = await holder();
    const bench = { ...(await logs(await locally(), { under: [folder] })), folder };
    const call = await callOn(bench);
    expect(call.before.summary).toMatch(new RegExp(`app.log \\(2 MB, deleted, held open by \\S+ ${pid}\\)$`));
    expect(await bench.provider.apply(call)).toMatchObject({ summary: expect.stringMatching(/^nothing to empty/) });
    const [fd = ''] = spawnSync('find', [`/proc/${pid}/fd`, '-lname', `${folder}/*`], { encoding: 'utf8' }).stdout.split('\n');
    expect((await stat(fd)).size).toBe(0);
  });

  const under = async (folder: string, more: Partial<Disk> = {}) => ({
    ...(await logs(await locally(), { under: [folder], ...more })),
    folder,
  });
  const nothing = { applicable: false, reason: expect.stringMatching(/^already so: there is no log of at least 1 MB/) };

  it('leaves a deleted file alone that has another name, or was written to lately', async () => {
    const named = await holder(true, (log) => link(log, `${log}.kept`.replace('.log', '')));
    expect(await examine(await under(named.folder))).toMatchObject(nothing);
    const { folder, pid } = await holder();
    const bench = await under(folder, { olderThanMs: 60_000 });
    expect(await examine(bench)).toMatchObject(nothing);
    const [fd = ''] = spawnSync('find', [`/proc/${pid}/fd`, '-lname', `${folder}/*`], { encoding: 'utf8' }).stdout.split('\n');
    await utimes(fd, 1, 1);
    expect(await examine(bench)).toMatchObject({ applicable: true });
  });

  it.skipIf(noBareMachine !== undefined)('leaves a deleted file alone that lies in another file system, under the same name', async () => {
    const folder = join(await freshFolder(), 'logs');
    await mkdir(folder);
    const ready = join(dirname(folder), 'ready');
    const elsewhere = `mount --make-rprivate / && mount -t tmpfs tmpfs ${folder} && exec 3>>${folder}/app.log && head -c ${large} /dev/zero >&3 &&
      rm ${folder}/app.log && : >${ready} && exec sleep 1000`;
    const child = spawn('unshare', ['-m', '/bin/sh', '-c', elsewhere], { stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    await expect.poll(() => existsSync(ready), { timeout: 10_000 }).toBe(true);
    const target = await readlink(`/proc/${child.pid}/fd/3`);
    expect(target).toBe(`${folder}/app.log (deleted)`);
    expect(await examine(await under(folder))).toMatchObject(nothing);
  });

  it('counts a file once, however many hold it, and names all of them', async () => {
    const readers: number[] = [];
    const { folder, pid } = await holder(true, async (log) => {
      for (let count = 0; count < 2; count++) readers.push((await reader(log)).pid);
    });
    const bench = await under(folder, { filesMax: 1 });
    const [first, second, third] = [pid, ...readers].toSorted((one, other) => one - other);
    expect(await examine(bench)).toMatchObject({
      applicable: true,
      evidence: expect.stringMatching(
        new RegExp(`^1 file with 2 MB .*app.log \\(2 MB, deleted, held open by \\S+ ${first}, \\S+ ${second}, \\S+ ${third}\\)$`),
      ),
    });
    await bench.provider.apply(await callOn(bench));
    expect(await examine(bench)).toMatchObject(nothing);
  });

  it('lets a log grow between look and act: it is the same file', async () => {
    const bench = await logs(await locally());
    const permit = () => truncate(join(bench.folder, 'app.log'), 3 * large);
    await bench.provider.apply(await callOn(bench, { permit }));
    expect(await bench.effects()).toBe(1);
  });
});

describe('disk that has logs opened anew', () => {
  it('sends nothing to who only reads the log, whatever that would do at the signal', async () => {
    let follower: Awaited<ReturnType<typeof reader>> | undefined;
    const { folder, reopened } = await holder(true, async (log) => void (follower = await reader(log)));
    const bench = await held(await locally());
    const target = { ...bench.target, action: { ...bench.target.action, under: [folder] } };
    await bench.provider.apply(await callOn({ ...bench, target }));
    expect(await reopened()).toBe(1);
    await follower?.isThere();
    const seen = await bench.provider.examine(target, await bench.provider.image(target), undefined);
    expect(seen).toMatchObject({
      applicable: false,
      reason: expect.stringMatching(/^already so: there is no deleted file that is still open for writing/),
    });
  });

  it('sends no signal that would end the process', async () => {
    const { folder, pid } = await holder();
    const bench = await held(await locally());
    const target = { ...bench.target, action: { ...bench.target.action, under: [folder], signal: 'USR2' as const } };
    const seen = await bench.provider.examine(target, await bench.provider.image(target), undefined);
    expect(seen).toMatchObject({
      applicable: false,
      reason: expect.stringContaining(`${pid} does not catch USR2 and would be ended by it`),
    });
    await expect(bench.provider.apply(await callOn({ ...bench, target }))).rejects.toThrow(TargetRefused);
    expect(() => process.kill(pid, 0)).not.toThrow();
  });

  it('says that it was in vain where the process holds on', async () => {
    const { folder } = await holder(false);
    const bench = await held(await locally());
    const call = await callOn({ ...bench, target: { ...bench.target, action: { ...bench.target.action, under: [folder] } } });
    const applied = bench.provider.apply(call);
    await expect(applied).rejects.toThrow(ActionFailed);
    await expect(applied).rejects.toThrow(/the files are still open/);
  });
});
