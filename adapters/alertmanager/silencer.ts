import type { Silencer } from '../../activities/ports.js';
import type { AlertmanagerSource } from '../../domain/service.js';
import { authorized, OWN } from './silences.js';

const ANSWER_MS = 3_000;

/** Sets and ends silences over Alertmanager's API v2. */
export const alertmanagerSilencer = (): Silencer => ({
  async set(source, { id, labels, from, until, comment }) {
    const body = {
      ...(id === undefined ? {} : { id }),
      matchers: Object.entries(labels).map(([name, value]) => ({ name, value, isRegex: false, isEqual: true })),
      startsAt: new Date(from).toISOString(),
      endsAt: new Date(until).toISOString(),
      createdBy: OWN,
      comment,
    };
    const { silenceID } = JSON.parse(await call(source, 'POST', '/api/v2/silences', body)) as { readonly silenceID?: unknown };
    if (typeof silenceID !== 'string') throw new Error(`Alertmanager ${source.name} names no silence in its answer`);
    return { id: silenceID, startsAt: await startOf(source, silenceID) };
  },
  async end(source, id) {
    await call(source, 'DELETE', `/api/v2/silence/${encodeURIComponent(id)}`);
  },
});

/** It begins no earlier than the server's own clock says. */
async function startOf(source: AlertmanagerSource, id: string): Promise<number> {
  const { startsAt } = JSON.parse(await call(source, 'GET', `/api/v2/silence/${encodeURIComponent(id)}`)) as { readonly startsAt: string };
  return Date.parse(startsAt);
}

/** One that is gone, or has expired, has ended. */
const ENDED: readonly number[] = [404, 410];

async function call(source: AlertmanagerSource, method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<string> {
  const answer = await fetch(`${source.url}${path}`, {
    method,
    headers: { ...(await authorized(source)), 'content-type': 'application/json' },
    signal: AbortSignal.timeout(ANSWER_MS),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (answer.ok || (method === 'DELETE' && ENDED.includes(answer.status))) return text;
  throw new Error(`Alertmanager ${source.name} answered ${answer.status}: ${text.slice(0, 200)}`);
}
