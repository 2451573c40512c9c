import { randomUUID } from 'node:crypto';
import type { AlertmanagerAction } from '../../domain/service.js';
import type { Patience, RightState } from '../../domain/right.js';
import { ask, whyOf } from './api.js';

/** What setting a silence and ending it takes. */
export const silenceLines = {
  read: 'GET /api/v2/silences',
  set: 'POST /api/v2/silences',
  end: 'DELETE /api/v2/silence/ID',
} as const;

/** Whether the server, or what stands before it, lets silences be read, and one be ended that can't be there. Sets none. */
export async function rightsAtAlertmanager(
  [{ source }]: readonly [AlertmanagerAction, ...AlertmanagerAction[]],
  { timeoutMs, abort }: Patience,
): Promise<readonly RightState[]> {
  const time = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([abort, time]);
  const asked = async (line: string, method: 'GET' | 'DELETE', path: string): Promise<RightState> => {
    const { status } = await ask(source, { method, path, signal }).catch((error: unknown) => {
      throw new Error(time.aborted ? `Alertmanager did not answer within ${timeoutMs} ms` : `Alertmanager can't be asked: ${whyOf(error)}`);
    });
    if (isRefusal(status)) return { kind: 'missing', line, why: `it answers ${status}` };
    if (method === 'GET' && status !== 200) return { kind: 'unknown', line, why: `it answers ${status}` };
    return { kind: 'granted', line };
  };
  return [
    await asked(silenceLines.read, 'GET', '/silences'),
    await asked(silenceLines.end, 'DELETE', `/silence/${randomUUID()}`),
    { kind: 'notAsked', line: silenceLines.set, why: 'only setting a silence would tell' },
  ];
}

/** Not signed in, not allowed, or a path or a method that a proxy leaves out. */
const isRefusal = (status: number): boolean => status === 401 || status === 403 || status === 405;
