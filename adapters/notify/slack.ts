import type { Notifier } from '../../activities/ports.js';
import type { Page } from '../../domain/page.js';
import { urlSecretOf } from '../../secrets/read.js';
import { ask, sentBy, tried } from './request.js';
import { partsOf } from './secret.js';

/** Slack by an incoming webhook: blocks, and the same as text for notifications and readers aloud. */
export const slackNotifier = (): Notifier<'slack'> => ({
  send: ({ webhook }, page, abort) =>
    tried(abort, async () => {
      const url = await urlSecretOf(webhook);
      return sentBy(await ask({ method: 'POST', url, body: JSON.stringify(slackMessage(page)), secrets: partsOf(url), abort }));
    }),
});

const SECTION_MAX = 3_000;
const HEADER_MAX = 150;

export function slackMessage(page: Page): unknown {
  const facts = page.facts.map(({ label, text }) => `*${escaped(label)}:* ${escaped(text)}`).join('\n');
  const commands = page.next.map(withoutTicks).join('\n');
  return {
    text: [escaped(page.title), ...page.facts.map(({ label, text }) => escaped(`${label}: ${text}`)), ...page.next.map(escaped)].join('\n'),
    unfurl_links: false,
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: cut(page.title, HEADER_MAX), emoji: false } },
      ...section(facts),
      ...section(commands === '' ? '' : `\`\`\`${escaped(commands)}\`\`\``),
      ...section(page.link === undefined ? '' : `<${escaped(page.link).replaceAll('|', '%7C')}|Open the incident>`),
    ],
  };
}

const section = (text: string): unknown[] =>
  text === '' ? [] : [{ type: 'section', text: { type: 'mrkdwn', text: cut(text, SECTION_MAX) } }];

/** The three characters that mean something to Slack: with them a text could call a whole channel. */
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const withoutTicks = (text: string): string => text.replaceAll('`', "'");

const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
