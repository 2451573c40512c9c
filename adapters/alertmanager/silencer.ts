import type { Silencer } from '../../activities/ports.js';
import { ANSWER_MS, ask, hasEnded, isWell, silenceOf } from './api.js';

/** Sets and ends silences over Alertmanager's API v2. */
export const alertmanagerSilencer = (): Silencer => ({
  async set(source, { id, labels, ...more }) {
    const body = { ...(id === undefined ? {} : { id }), ...silenceOf(labels, more) };
    const answer = await ask(source, { method: 'POST', path: '/silences', body, signal: AbortSignal.timeout(ANSWER_MS) });
    if (!isWell(answer)) throw new Error(`Alertmanager ${source.name} answered ${answer.status}: ${answer.text.slice(0, 200)}`);
    const { silenceID } = JSON.parse(answer.text) as { readonly silenceID?: unknown };
    if (typeof silenceID !== 'string') throw new Error(`Alertmanager ${source.name} names no silence in its answer`);
    return silenceID;
  },
  async end(source, id) {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const answer = await ask(source, { method: 'DELETE', path: `/silence/${encodeURIComponent(id)}`, signal });
    if (!hasEnded(answer)) throw new Error(`Alertmanager ${source.name} answered ${answer.status}: ${answer.text.slice(0, 200)}`);
  },
});
