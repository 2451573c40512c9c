import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { claimState } from '../../../workers/stack/claim.js';
import { identify } from '../../../workers/stack/process-identity.js';
import { makeStateFolder, RunFile } from '../../../workers/stack/run-file.js';

async function state(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hale-claim-'));
  makeStateFolder(folder);
  return folder;
}

const claim = (folder: string): RunFile => claimState(folder, () => new RunFile(folder));

test('a state folder belongs to one hale at a time', async () => {
  const folder = await state();
  claim(folder);
  const message = expect.stringContaining(`another hale runs as process ${process.pid} on the state folder ${folder}`) as string;
  expect(() => claim(folder)).toThrow(expect.objectContaining({ message, exitCode: 6 }) as Error);
});

test('the folder of a hale that was killed can be claimed again', async () => {
  const folder = await state();
  const child = spawn('sleep', ['60']);
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  const identity = identify(child.pid ?? 0);
  if (identity) new RunFile(folder).setProcess('main', identity);
  expect(() => claim(folder)).toThrow('another hale runs');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(claim(folder).processOf('main')?.pid).toBe(process.pid);
});

test('a claim that was cut short does not lock the folder for ever', async () => {
  const folder = await state();
  const lock = join(folder, 'claim.lock');
  await mkdir(lock);
  expect(() => claim(folder)).toThrow('another hale is starting');
  await utimes(lock, new Date(), new Date(Date.now() - 60_000));
  expect(claim(folder).processOf('main')?.pid).toBe(process.pid);
});
