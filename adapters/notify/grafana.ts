import type { Notifier } from '../../activities/ports.js';
import type { Sent } from '../../domain/delivery.js';
import type { Page } from '../../domain/page.js';
import { headerSecretOf } from '../../secrets/read.js';
import { ask, sentBy, tried, type Answer } from './request.js';

/**
 * One region annotation for each cycle. Grafana has no key by which a repeated message is the same one, so that the
 * annotation is looked for by a tag of the cycle's own before one is made.
 */
export const grafanaNotifier = (): Notifier<'grafana'> => ({
  send: ({ url, token }, page, abort) =>
    tried(abort, async () => {
      const secret = await headerSecretOf(token);
      const api = (method: 'GET' | 'POST' | 'PATCH', path: string, body?: unknown): Promise<Answer> =>
        ask({
          method,
          url: `${url}/api/annotations${path}`,
          headers: { authorization: `Bearer ${secret}` },
          secrets: [secret],
          abort,
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
      return annotate(api, page);
    }),
});

type Api = (method: 'GET' | 'POST' | 'PATCH', path: string, body?: unknown) => Promise<Answer>;

async function annotate(api: Api, page: Page): Promise<Sent> {
  const found = await api('GET', `?limit=1&type=annotation&tags=${encodeURIComponent(cycleTag(page))}`);
  if (found.status !== 200) return sentBy(found);
  const id = idIn(found.text);
  if (id === undefined) return sentBy(await api('POST', '', annotation(page)));
  const { time: _, ...change } = annotation(page);
  return sentBy(await api('PATCH', `/${id}`, change));
}

function idIn(text: string): number | undefined {
  const found: unknown = JSON.parse(text);
  const first: unknown = Array.isArray(found) ? found[0] : undefined;
  const id: unknown = typeof first === 'object' && first !== null && 'id' in first ? first.id : undefined;
  return typeof id === 'number' ? id : undefined;
}

/** A cycle that has not ended is a region without length, which its end makes long. */
function annotation(page: Page): {
  readonly time: number;
  readonly timeEnd: number;
  readonly tags: readonly string[];
  readonly text: string;
} {
  const text = [page.title, ...page.facts.map(({ label, text }) => `${label}: ${text}`)].map(escaped).join('<br>');
  const link = page.link === undefined ? '' : `<br><a href="${escaped(page.link)}">Open the incident</a>`;
  const tags = ['hale', page.environment, page.service, cycleTag(page), ...(page.incident === undefined ? [] : [page.incident])];
  return { time: page.at, timeEnd: page.at, tags, text: `${text}${link}` };
}

const cycleTag = ({ cycle, id }: Page): string => `hale-cycle:${cycle ?? id}`;

/** Grafana shows the text as HTML. */
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
