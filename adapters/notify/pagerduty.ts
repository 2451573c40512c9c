import type { Notifier } from '../../activities/ports.js';
import type { Page } from '../../domain/page.js';
import type { Sent } from '../../domain/delivery.js';
import { secretOf } from '../../secrets/read.js';
import { ask, sentBy, tried } from './request.js';

const SUMMARY_MAX = 1_024;
const DEDUP_MAX = 255;

/** PagerDuty by its Events API v2: one alert for each incident, which the end of the incident resolves. */
export const pagerdutyNotifier = (): Notifier<'pagerduty'> => ({
  send: ({ url, routingKey }, page, abort) =>
    tried(abort, async () => {
      const key = await secretOf(routingKey);
      const enqueue = async (action: Action): Promise<Sent> => {
        const body = JSON.stringify(pagerdutyEvent(key, action, page));
        return sentBy(await ask({ method: 'POST', url: `${url}/v2/enqueue`, body, secrets: [key], abort }));
      };
      const sent = await enqueue(ACTIONS[page.purpose]);
      // A test is over as soon as it arrived.
      return page.purpose === 'test' && sent.kind === 'sent' ? enqueue('resolve') : sent;
    }),
});

type Action = 'trigger' | 'acknowledge' | 'resolve';

const ACTIONS: { readonly [P in Page['purpose']]: Action } = {
  call: 'trigger',
  told: 'acknowledge',
  channelFailed: 'trigger',
  test: 'trigger',
  answered: 'acknowledge',
  ended: 'resolve',
  opened: 'acknowledge',
  closed: 'resolve',
};

export function pagerdutyEvent(routingKey: string, action: Action, page: Page): unknown {
  const about = { routing_key: routingKey, event_action: action, dedup_key: page.thread.slice(0, DEDUP_MAX) };
  if (action !== 'trigger') return about;
  return {
    ...about,
    payload: {
      summary: page.title.slice(0, SUMMARY_MAX),
      source: page.instance ?? page.service,
      severity: page.severity,
      timestamp: new Date(page.at).toISOString(),
      component: page.service,
      ...(page.team === undefined ? {} : { group: page.team }),
      ...(page.why === undefined ? {} : { class: page.why }),
      custom_details: { ...Object.fromEntries(page.facts.map(({ label, text }) => [label, text])), Next: page.next },
    },
    client: 'hale',
    ...(page.link === undefined ? {} : { client_url: page.link, links: [{ href: page.link, text: 'Open the incident' }] }),
  };
}
