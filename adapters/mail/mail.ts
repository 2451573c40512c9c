import { createTransport } from 'nodemailer';
import type { Notifier } from '../../activities/ports.js';
import type { MailServer } from '../../domain/channel.js';
import type { Sent } from '../../domain/delivery.js';
import type { Page } from '../../domain/page.js';
import { secretOf } from '../../secrets/read.js';
import { redacted } from '../../secrets/redact.js';

/** For each step of the talk; the whole of it is limited by whoever asks. */
const STEP_MS = 5_000;

/** Mail: one thread for each incident, marked as written by a machine so that no machine answers. */
export const mailNotifier = (): Notifier<'email'> => ({
  send: async ({ server, to }, page, abort) => {
    const secrets: string[] = [];
    try {
      if (server.password !== undefined) secrets.push(await secretOf(server.password));
      const sent = await submit(server, secrets, { to, page }, abort);
      return { kind: 'sent', answer: redacted(sent, secrets).slice(0, 200) };
    } catch (error) {
      return failure(error, secrets);
    }
  },
});

/** What the server says when it has taken the mail. */
async function submit(
  server: MailServer,
  [pass]: readonly string[],
  { to, page }: { readonly to: readonly string[]; readonly page: Page },
  abort: AbortSignal,
): Promise<string> {
  const { host, port, tls: secure, user } = server;
  const login = pass === undefined ? {} : { auth: { user, pass }, requireTLS: !secure };
  const limits = { connectionTimeout: STEP_MS, greetingTimeout: STEP_MS, socketTimeout: STEP_MS, dnsTimeout: STEP_MS };
  const transport = createTransport({ host, port, secure, ...login, ...limits, disableFileAccess: true, disableUrlAccess: true });
  const mail = { from: { name: 'hale', address: server.from }, to: [...to], ...mailOf(page, server.from) };
  const { response } = await unlessCalledOff(abort, transport.sendMail(mail));
  return response;
}

/** The library can't be called off; what it still does ends by its own limits, and nobody hears of it. */
function unlessCalledOff<T>(abort: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const calledOff = (): void => reject(new Error('did not answer in time'));
    abort.addEventListener('abort', calledOff, { once: true });
    if (abort.aborted) calledOff();
    void work.then(resolve, reject).finally(() => abort.removeEventListener('abort', calledOff));
  });
}

/** The server's own word decides: a permanent no to this message is no for ever, anything else may change. */
function failure(error: unknown, secrets: readonly string[]): Sent {
  const why = redacted(error instanceof Error ? error.message : String(error), secrets);
  const code = error instanceof Error && 'responseCode' in error ? Number(error.responseCode) : 0;
  const command = error instanceof Error && 'command' in error ? String(error.command) : '';
  const isRefusal = code >= 550 && code < 560 && ['DATA', 'RCPT TO', 'MAIL FROM'].includes(command);
  return isRefusal ? { kind: 'refused', why: why.slice(0, 300) } : { kind: 'later', why: why.slice(0, 300) };
}

export interface Mail {
  readonly subject: string;
  readonly messageId: string;
  readonly references: string;
  readonly inReplyTo: string;
  readonly text: string;
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
}

export function mailOf(page: Page, from: string): Mail {
  const domain = from.slice(from.lastIndexOf('@') + 1);
  const thread = `<${page.thread.replaceAll(/[^A-Za-z0-9._-]/g, '.')}@${domain}>`;
  return {
    subject: page.title,
    messageId: `<${page.thread.replaceAll(/[^A-Za-z0-9._-]/g, '.')}.${page.id}@${domain}>`,
    references: thread,
    inReplyTo: thread,
    text: textOf(page),
    html: htmlOf(page),
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
  };
}

function textOf({ title, facts, next, link }: Page): string {
  const blocks = [
    [title],
    facts.map(({ label, text }) => `${label}: ${text}`),
    next.map((command) => `  ${command}`),
    link === undefined ? [] : [link],
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function htmlOf({ title, facts, next, link }: Page): string {
  const rows = facts
    .map(({ label, text }) => `<tr><th align="left" valign="top">${escaped(label)}</th><td>${escaped(text)}</td></tr>`)
    .join('');
  const commands = next.length === 0 ? '' : `<pre>${next.map(escaped).join('\n')}</pre>`;
  const open = link === undefined ? '' : `<p><a href="${escaped(link)}">Open the incident</a></p>`;
  return `<h3>${escaped(title)}</h3><table>${rows}</table>${commands}${open}`;
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
