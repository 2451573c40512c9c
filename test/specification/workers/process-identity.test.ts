import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { end, identify, isRunning, type ProcessIdentity } from '../../../workers/stack/process-identity.js';

/** A process that has said that it runs; `script` may keep it from ending when asked. */
async function started(script = ''): Promise<{ child: ChildProcess; identity: ProcessIdentity }> {
  const child = spawn(process.execPath, ['-e', `${script}; setInterval(() => undefined, 1_000); console.log('up')`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const identity = identify(child.pid ?? 0);
  if (identity === undefined) throw new Error('the child is not there');
  return { child, identity };
}

test('a process is the same only with its start time and executable', async () => {
  const { identity } = await started();
  expect(isRunning(identity)).toBe(true);
  expect(isRunning({ ...identity, startTime: '1' })).toBe(false);
  expect(isRunning({ ...identity, executable: '/usr/bin/other' })).toBe(false);
});

test('a process with the same pid but another start is never ended', async () => {
  const { child, identity } = await started();
  await end({ ...identity, startTime: '1' }, 'SIGKILL', 1_000);
  expect(isRunning(identity)).toBe(true);
  expect(child.killed).toBe(false);
});

test('a process that ignores the polite signal is ended by kill -9', async () => {
  const { child, identity } = await started(`process.on('SIGTERM', () => undefined)`);
  const ended = once(child, 'exit');
  await end(identity, 'SIGTERM', 300);
  expect(await ended).toEqual([null, 'SIGKILL']);
  expect(identify(identity.pid)).toBeUndefined();
});
