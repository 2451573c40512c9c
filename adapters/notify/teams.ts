import type { Notifier } from '../../activities/ports.js';
import type { Page } from '../../domain/page.js';
import { urlSecretOf } from '../../secrets/read.js';
import { ask, sentBy, tried } from './request.js';
import { partsOf } from './secret.js';

/** Microsoft Teams by a Workflows webhook: an Adaptive Card. */
export const teamsNotifier = (): Notifier<'teams'> => ({
  send: ({ webhook }, page, abort) =>
    tried(abort, async () => {
      const url = await urlSecretOf(webhook);
      return sentBy(await ask({ method: 'POST', url, body: JSON.stringify(teamsMessage(page)), secrets: partsOf(url), abort }));
    }),
});

export function teamsMessage(page: Page): unknown {
  const facts = page.facts.map(({ label, text }) => textRuns([{ text: `${label}: `, weight: 'Bolder' }, { text }]));
  const commands = page.next.map((command) => textRuns([{ text: command, fontType: 'Monospace' }]));
  const card = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    msteams: { width: 'Full' },
    body: [textRuns([{ text: page.title, weight: 'Bolder', size: 'Medium', color: COLOURS[page.severity] }]), ...facts, ...commands],
    ...(page.link === undefined ? {} : { actions: [{ type: 'Action.OpenUrl', title: 'Open the incident', url: page.link }] }),
  };
  return { type: 'message', attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content: card }] };
}

const COLOURS: { readonly [S in Page['severity']]: string } = {
  critical: 'Attention',
  error: 'Attention',
  warning: 'Warning',
  info: 'Good',
};

/** Text runs know no markdown, unlike text blocks: what services and people say stays what it is. */
const textRuns = (runs: readonly Readonly<Record<string, string>>[]): unknown => ({
  type: 'RichTextBlock',
  inlines: runs.map((run) => ({ type: 'TextRun', ...run })),
});
