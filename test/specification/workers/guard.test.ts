import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { guard } from '../../../workers/guard.js';

const guardModule = fileURLToPath(new URL('../../../dist/workers/guard.js', import.meta.url));

/** A real process that answers its parent as a worker does. */
function startWorker(more = ''): ChildProcess {
  const script = `import { answerParent } from ${JSON.stringify(guardModule)};
    const parent = answerParent(() => process.exit(7));
    const work = setInterval(() => undefined, 1_000); parent.ready(); ${more}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

function guarded(child: ChildProcess): { ready: Promise<void>; frozen: Promise<number> } {
  let onReady: () => void = () => undefined;
  let onFrozen: (ms: number) => void = () => undefined;
  const ready = new Promise<void>((resolve) => (onReady = resolve));
  const frozen = new Promise<number>((resolve) => (onFrozen = resolve));
  guard(
    child,
    () => onReady(),
    (ms) => onFrozen(ms),
  );
  return { ready, frozen };
}

test('a stopped worker is ended by kill -9 within four seconds', async () => {
  const child = startWorker();
  const { ready, frozen } = guarded(child);
  await ready;
  const stoppedAt = Date.now();
  child.kill('SIGSTOP');
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
  expect(await frozen).toBeGreaterThan(3_000);
  expect(Date.now() - stoppedAt).toBeLessThan(5_000);
});

test('a worker whose event loop is blocked is ended like a stopped one', async () => {
  const child = startWorker('setTimeout(() => { for (;;); }, 100);');
  const { frozen } = guarded(child);
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  expect([signal, (await frozen) > 3_000]).toEqual(['SIGKILL', true]);
});

test('a worker that answers is left alone after its parent slept', async () => {
  const child = startWorker();
  const { ready } = guarded(child);
  await ready;
  const wakeAt = Date.now() + 4_500;
  while (Date.now() < wakeAt); // This process hears nothing, as when the machine was suspended.
  const beats: unknown[] = [];
  while (beats.length < 4) beats.push(await once(child, 'message'));
  expect([child.exitCode, child.signalCode]).toEqual([null, null]);
});

test('a worker without its parent shuts itself down', async () => {
  const child = startWorker();
  await guarded(child).ready;
  child.disconnect();
  expect(await once(child, 'exit')).toEqual([7, null]);
});

test('a worker whose work has ended is not kept alive by its parent', async () => {
  const child = startWorker('clearInterval(work);');
  await guarded(child).ready;
  expect(await once(child, 'exit')).toEqual([0, null]);
});
