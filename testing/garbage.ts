import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/**
 * Collects memory again and again while something is waited for. A limit that nobody holds, such as a part of
 * `AbortSignal.any`, is collected in Node 20 and never fires; it would show in hours of running, and never in a short test.
 */
export async function collectingMeanwhile<T>(waiting: Promise<T>): Promise<T> {
  const timer = setInterval(collect, 50);
  try {
    return await waiting;
  } finally {
    clearInterval(timer);
  }
}
