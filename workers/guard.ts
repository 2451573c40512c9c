import type { ChildProcess } from 'node:child_process';

/**
 * A worker and its parent. A frozen worker is worse than a dead one: it keeps the tasks that its polls swallowed. So a
 * worker says every half second that its event loop turns, and its parent ends it with kill -9 when it falls silent.
 */
const beatMs = 500;
const silentMsMax = 3_000;
/** Loading the modules blocks the event loop, on a busy machine for seconds; nothing is polled yet. */
const startMsMax = 60_000;

type Beat = { readonly hale: 'alive' } | { readonly hale: 'ready' };

/**
 * The worker's side; call it first thing. `onOrphaned` runs when the parent is gone, and shuts the worker down: nobody
 * would end it when it freezes. Without a parent, as under systemd or Kubernetes, it does nothing.
 */
export function answerParent(onOrphaned: () => void): { ready(): void } {
  const send = (beat: Beat): void => {
    // A parent that died between two beats is reported by 'disconnect'; the failed beat itself says nothing new.
    if (process.connected) process.send?.(beat, undefined, {}, () => undefined);
  };
  if (process.send === undefined) return { ready: () => undefined };
  const beats = setInterval(() => send({ hale: 'alive' }), beatMs);
  const orphaned = (): void => {
    clearInterval(beats);
    onOrphaned();
  };
  process.once('disconnect', orphaned);
  // The parent may have died while the modules were loading, before anybody listened.
  if (!process.connected) orphaned();
  // Neither beats nor channel may keep a worker alive whose work has ended.
  beats.unref();
  process.channel?.unref();
  return { ready: () => send({ hale: 'ready' }) };
}

/** The parent's side. Ends the child with SIGKILL when it is silent for 3 s; `onReady` runs once it polls. */
export function guard(child: ChildProcess, onReady: () => void, onFrozen: (silentMs: number) => void): void {
  let lastHeard = Date.now();
  let lastLook = Date.now();
  let limit = startMsMax;
  child.on('message', (message) => {
    if (!isBeat(message)) return;
    lastHeard = Date.now();
    limit = silentMsMax;
    if (message.hale === 'ready') onReady();
  });
  const look = setInterval(() => {
    const now = Date.now();
    // If this process itself slept, beats wait unread in the pipe: it is not the child that was silent.
    if (now - lastLook > 2 * beatMs) lastHeard = now;
    lastLook = now;
    if (now - lastHeard <= limit) return;
    clearInterval(look);
    onFrozen(now - lastHeard);
    child.kill('SIGKILL');
  }, beatMs);
  child.once('exit', () => clearInterval(look));
}

const isBeat = (message: unknown): message is Beat =>
  typeof message === 'object' && message !== null && 'hale' in message && (message.hale === 'alive' || message.hale === 'ready');
