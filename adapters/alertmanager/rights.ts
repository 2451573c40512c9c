import { randomUUID } from 'node:crypto';
import type { AlertmanagerAction } from '../../domain/service.js';
import type { Patience, RightState } from '../../domain/right.js';
import { ask, hasEnded, whyOf, type Answer } from './api.js';

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
    const answer = await ask(source, { method, path, signal }).catch((error: unknown) => {
      throw new Error(time.aborted ? `Alertmanager did not answer within ${timeoutMs} ms` : `Alertmanager can't be asked: ${whyOf(error)}`);
    });
    const why = `it answers ${answer.status}`;
    if (isRefusal(answer)) return { kind: 'missing', line, why };
    return isDone(answer, method) ? { kind: 'granted', line } : { kind: 'unknown', line, why };
  };
  return [
    await asked(silenceLines.read, 'GET', '/silences'),
    await asked(silenceLines.end, 'DELETE', `/silence/${randomUUID()}`),
    { kind: 'notAsked', line: silenceLines.set, why: 'only setting a silence would tell' },
  ];
}

/** Not signed in, not allowed, or a path or a method that a proxy leaves out. */
const isRefusal = ({ status }: Answer): boolean => status === 401 || status === 403 || status === 405;

/** Alertmanager before 0.26 says with a 500 that there is no such silence. */
const isDone = (answer: Answer, method: 'GET' | 'DELETE'): boolean =>
  method === 'GET' ? answer.status === 200 : hasEnded(answer) || (answer.status === 500 && answer.text.includes('silence not found'));
