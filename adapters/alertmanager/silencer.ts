import type { Silencer } from '../../activities/ports.js';
import type { AlertmanagerSource } from '../../domain/service.js';
import { ANSWER_MS, ask, hasEnded, isWell, silenceOf, type Answer, type Found } from './api.js';

/** Sets and ends silences over Alertmanager's API v2. */
export const alertmanagerSilencer = (): Silencer => ({
  async set(source, { id, labels, ...more }) {
    const body = { ...(id === undefined ? {} : { id }), ...silenceOf(labels, more) };
    const { silenceID } = parsed<{ readonly silenceID?: unknown }>(
      source,
      await ask(source, { method: 'POST', path: '/silences', body, signal: AbortSignal.timeout(ANSWER_MS) }),
    );
    if (typeof silenceID !== 'string') throw new Error(`Alertmanager ${source.name} names no silence in its answer`);
    return { id: silenceID, startsAt: await startOf(source, silenceID) };
  },
  async end(source, id) {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const answer = await ask(source, { method: 'DELETE', path: pathOf(id), signal });
    if (!hasEnded(answer)) throw refused(source, answer);
  },
});

/** It begins no earlier than the server's own clock says. */
async function startOf(source: AlertmanagerSource, id: string): Promise<number> {
  const answer = await ask(source, { path: pathOf(id), signal: AbortSignal.timeout(ANSWER_MS) });
  return Date.parse(parsed<Found>(source, answer).startsAt);
}

const pathOf = (id: string): string => `/silence/${encodeURIComponent(id)}`;

function parsed<T>(source: AlertmanagerSource, answer: Answer): T {
  if (!isWell(answer)) throw refused(source, answer);
  return JSON.parse(answer.text) as T;
}

const refused = (source: AlertmanagerSource, { status, text }: Answer): Error =>
  new Error(`Alertmanager ${source.name} answered ${status}: ${text.slice(0, 200)}`);
