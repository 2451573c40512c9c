import { Context } from '@temporalio/activity';

const BEAT_MS = 1_000;

/**
 * Heartbeats while `work` runs, so that a killed worker is noticed within the heartbeat timeout, and hands it the signal
 * by which a cancelled activity or a stopping worker ends it.
 */
export async function beating<T>(work: (abort: AbortSignal) => Promise<T>): Promise<T> {
  const { cancellationSignal } = Context.current();
  const timer = setInterval(() => Context.current().heartbeat(), BEAT_MS);
  try {
    return await work(cancellationSignal);
  } finally {
    clearInterval(timer);
  }
}
