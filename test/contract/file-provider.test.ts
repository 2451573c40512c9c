import { chmod, chown, link, mkdir, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commands } from '../../adapters/exec/commands.js';
import { fileProvider } from '../../adapters/filesystem/file-provider.js';
import type { Image } from '../../domain/effect.js';
import { ActionFailed, TargetRefused } from '../../domain/failure.js';
import type { Action } from '../../domain/service.js';
import { freshFolder, freshKnob, type Knob } from '../support/knob.js';
import { callOn, holdsProviderContract, undoOf, type Bench } from '../../testing/provider.contract.js';

type FileAction = Extract<Action, { kind: 'file' }>;
type FileBench = Bench<FileAction> & { readonly path: string; readonly knob: Knob; readonly good: Image };

/** A configuration file that was good and is bad now; `then` turns a knob. */
async function spoiled(more: { then?: false } = {}): Promise<FileBench> {
  const folder = await freshFolder();
  const path = join(folder, 'shop.conf');
  const knob = await freshKnob();
  const provider = fileProvider(commands);
  const then = more.then === false ? {} : { then: [knob.program, 'set', 'restarted'] };
  const target = { service: 'shop', action: { kind: 'file' as const, path, restore: 'lastGood' as const, ...then }, timeoutMs: 5_000 };
  await writeFile(path, Buffer.from([0, 255, 10, 13, 128]));
  await chmod(path, 0o640);
  const good = await provider.image(target);
  await writeFile(path, 'port = 1\n');
  await chmod(path, 0o604);
  return {
    path,
    knob,
    provider,
    target,
    good,
    effects: async () => (await knob.ledger()).length,
    state: async () => JSON.stringify([await readdir(folder), await bytesAndMode(path)]),
    tempt: async () => {
      const other = join(await freshFolder(), 'other.conf');
      await writeFile(other, 'port = 3\n');
      return provider.image({ ...target, action: { ...target.action, path: other } });
    },
    disturb: () => writeFile(path, 'port = 2\n'),
    loseAnswers: () => knob.behave('silent'),
    hang: () => knob.behave('hanging'),
    remove: () => rm(path),
  };
}

async function bytesAndMode(path: string): Promise<readonly unknown[]> {
  const { mode, uid, gid } = await stat(path);
  return [(await readFile(path)).toString('hex'), mode, uid, gid];
}

holdsProviderContract('file', () => spoiled());

describe('file', () => {
  it('restores bytes, mode and owner of the last known good version', async () => {
    const bench = await spoiled();
    await bench.provider.apply(await callOn(bench));
    expect(await bytesAndMode(bench.path)).toMatchObject(['00ff0a0d80', 0o100640, process.getuid?.(), process.getgid?.()]);
    expect(await bench.knob.ledger()).toEqual(['cycle/1/fix|7|shop||restarted']);
  });

  it.runIf(process.getuid?.() === 0)('gives the file back to its owner', async () => {
    const bench = await spoiled();
    await chown(bench.path, 12_345, 54_321);
    const good = await bench.provider.image(bench.target);
    await chown(bench.path, 0, 0);
    await bench.provider.apply(await callOn({ ...bench, good }));
    expect(await stat(bench.path)).toMatchObject({ uid: 12_345, gid: 54_321 });
  });

  it('has nothing to correct while the file is the last known good one, or none is known', async () => {
    const bench = await spoiled();
    const current = await bench.provider.image(bench.target);
    expect(await bench.provider.examine(bench.target, current, current)).toMatchObject({ applicable: false });
    expect(await bench.provider.examine(bench.target, current, undefined)).toMatchObject({ applicable: false });
  });

  it('says since when the file is not the known good one any more', async () => {
    const bench = await spoiled();
    const seen = await bench.provider.examine(bench.target, await bench.provider.image(bench.target), bench.good);
    expect(seen).toMatchObject({ applicable: true, changedAt: (await stat(bench.path)).ctimeMs });
    expect(seen.applicable && seen.evidence).toMatch(/shop\.conf, 9 bytes, sha256 \w{8}, since .*shop\.conf, 5 bytes, sha256 \w{8}/);
  });

  it('goes on with then when it was cut off between the file and then', async () => {
    const bench = await spoiled();
    const call = await callOn(bench);
    await bench.knob.behave('silent');
    await expect(bench.provider.apply(call)).rejects.toThrow(/was killed/);
    await bench.knob.behave('well');
    expect(await bench.provider.readBack(call)).toMatchObject({ kind: 'partly', left: expect.stringContaining('knob') });
    const after = await bench.provider.apply(call);
    expect(after.identity).toBe(bench.good?.identity);
    expect(await bench.knob.ledger()).toEqual(['cycle/1/fix|7|shop||restarted', 'cycle/1/fix|7|shop||restarted']);
  });

  it('reads back applied without a then, and unknown when the file is neither the one nor the other', async () => {
    const bench = await spoiled({ then: false });
    const call = await callOn(bench);
    const after = await bench.provider.apply(call);
    expect(await bench.provider.readBack(call)).toEqual({ kind: 'applied', after });
    await bench.disturb?.();
    expect(await bench.provider.readBack(call)).toMatchObject({ kind: 'unknown' });
  });

  it('fails in vain when then fails, and can be undone from there', async () => {
    const bench = await spoiled();
    const original = await bench.state();
    const call = await callOn(bench);
    await bench.knob.behave('badly');
    const failure = await bench.provider.apply(call).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(failure instanceof ActionFailed)) throw new Error(`expected ActionFailed, got ${String(failure)}`);
    expect(failure.message).toMatch(/exited with 3; it printed: it broke/);
    await bench.knob.behave('well');
    await bench.provider.undo(undoOf(call), failure.after);
    expect(await bench.state()).toBe(original);
  });

  it('brings back a file that was removed, and takes it away again to undo', async () => {
    const bench = await spoiled();
    await rm(bench.path);
    const call = await callOn(bench);
    expect(call.before.identity).toBe('absent');
    const after = await bench.provider.apply(call);
    expect(after.identity).toBe(bench.good?.identity);
    expect(await bench.provider.undo(undoOf(call), after)).toMatchObject({ kind: 'undone', now: { identity: 'absent' } });
  });

  it('never removes a file because it was absent while all was well', async () => {
    const bench = await spoiled();
    const gone = { identity: 'absent', summary: 'there is no shop.conf', content: {} };
    expect(await bench.provider.examine(bench.target, await bench.provider.image(bench.target), gone)).toMatchObject({ applicable: false });
  });

  it('restores no other bytes than those of the goal that was approved', async () => {
    const bench = await spoiled();
    const before = await bench.state();
    const content = { ...bench.good.content, bytes: Buffer.from('port = 4').toString('base64') };
    const call = await callOn({ ...bench, good: { ...bench.good, content } });
    await expect(bench.provider.apply(call)).rejects.toThrow(TargetRefused);
    expect(await bench.state()).toBe(before);
  });

  it('writes through a symbolic link and leaves the link in place', async () => {
    const bench = await spoiled();
    const alias = join(await freshFolder(), 'alias.conf');
    await symlink(bench.path, alias);
    const target = { ...bench.target, action: { ...bench.target.action, path: alias } };
    await bench.provider.apply(await callOn({ ...bench, target }));
    expect((await readFile(bench.path)).length).toBe(5);
    expect((await readFile(alias)).length).toBe(5);
    expect((await stat(bench.path)).ino).toBe((await stat(alias)).ino);
  });

  it('keeps its hands off folders, pipes and large files', async () => {
    const bench = await spoiled();
    const large = join(await freshFolder(), 'large');
    await writeFile(large, Buffer.alloc(1024 * 1024 + 1));
    for (const path of [large, await freshFolder(), '/dev/null']) {
      const target = { ...bench.target, action: { ...bench.target.action, path } };
      const call = { ...(await callOn({ ...bench, target })), goal: bench.good };
      expect(await bench.provider.examine(target, call.before, bench.good)).toMatchObject({ applicable: false });
      await expect(bench.provider.apply(call)).rejects.toThrow(TargetRefused);
    }
    expect(await bench.effects()).toBe(0);
  });

  it('tells of hard links that would keep the old bytes', async () => {
    const bench = await spoiled();
    await link(bench.path, join(await freshFolder(), 'second-name'));
    expect((await bench.provider.image(bench.target)).summary).toContain('1 more hard links');
  });

  it('refuses before it touches the file when then can not be started', async () => {
    const bench = await spoiled();
    const target = { ...bench.target, action: { ...bench.target.action, then: ['/no/such/program'] } };
    const call = { ...(await callOn(bench)), ...target };
    expect(await bench.provider.examine(target, call.before, bench.good)).toMatchObject({ applicable: false });
    const before = await bench.state();
    await expect(bench.provider.apply(call)).rejects.toThrow(/no program/);
    expect(await bench.state()).toBe(before);
  });

  it('names one resource for one file reached by two folders', async () => {
    const bench = await spoiled();
    const folder = await freshFolder();
    await mkdir(join(folder, 'unused'));
    await symlink(join(bench.path, '..'), join(folder, 'etc'));
    const target = { ...bench.target, action: { ...bench.target.action, path: join(folder, 'etc', 'shop.conf') } };
    expect(await bench.provider.resourceOf(target)).toBe(await bench.provider.resourceOf(bench.target));
  });
});
