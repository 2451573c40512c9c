import { createHmac } from 'node:crypto';
import type { Notifier } from '../../activities/ports.js';
import type { Page } from '../../domain/page.js';
import { secretOf } from '../../secrets/read.js';
import { ask, sentBy, tried } from './request.js';

/** Anything that takes JSON over HTTP: version 1 of hale's own schema, signed as Standard Webhooks, named as a CloudEvent. */
export const webhookNotifier = (now: () => number = Date.now): Notifier<'webhook'> => ({
  send: ({ url, secret }, page, abort) =>
    tried(abort, async () => {
      const body = JSON.stringify(webhookBody(page));
      const key = await secretOf(secret);
      const headers = { ...cloudEvent(page), ...signature(page.id, now(), body, key) };
      return sentBy(await ask({ method: 'POST', url, headers, body, secrets: [key], abort }));
    }),
});

export function webhookBody(page: Page): unknown {
  const { id, purpose, severity, environment, service, instance, team, incident, why, title, facts, next, link } = page;
  const at = new Date(page.at).toISOString();
  return { schemaVersion: 1, id, purpose, severity, environment, service, instance, team, incident, why, at, title, facts, next, link };
}

const cloudEvent = ({ id, purpose, environment, service, at }: Page): Record<string, string> => ({
  'ce-specversion': '1.0',
  'ce-id': id,
  'ce-source': `/hale/${environment}`,
  'ce-type': `io.hale.page.${purpose}.v1`,
  'ce-time': new Date(at).toISOString(),
  'ce-subject': service,
});

/** The receiver takes the same three parts and its own copy of the secret; an old time stamp is a replay. */
function signature(id: string, now: number, body: string, secret: string): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000));
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret, 'utf8');
  const hmac = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${hmac}` };
}
