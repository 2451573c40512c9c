import { readFile } from 'node:fs/promises';
import { createTransport } from 'nodemailer';
import type { Notifier } from '../../activities/ports.js';
import type { MailServer } from '../../domain/channel.js';
import type { Sent } from '../../domain/delivery.js';
import type { Page } from '../../domain/page.js';
import type { SecretReference } from '../../domain/service.js';

/** For each step of the talk; the whole of it is limited by whoever asks. */
const STEP_MS = 5_000;

/** Mail: one thread for each incident, marked as written by a machine so that no machine answers. */
export const mailNotifier = (): Notifier<'email'> => ({
  send: async ({ server, to }, page, abort) => {
    try {
      return await submit(server, to, page, abort);
    } catch (error) {
      return failure(error);
    }
  },
});

async function submit(server: MailServer, to: readonly string[], page: Page, abort: AbortSignal): Promise<Sent> {
  const { host, port, tls: secure, user, password } = server;
  const login = password === undefined ? {} : { auth: { user, pass: await secretOf(password) }, requireTLS: !secure };
  const limits = { connectionTimeout: STEP_MS, greetingTimeout: STEP_MS, socketTimeout: STEP_MS, dnsTimeout: STEP_MS };
  const transport = createTransport({ host, port, secure, ...login, ...limits, disableFileAccess: true, disableUrlAccess: true });
  const mail = { from: { name: 'hale', address: server.from }, to: [...to], ...mailOf(page, server.from) };
  const { response } = await unlessCalledOff(abort, transport.sendMail(mail));
  return { kind: 'sent', answer: response.slice(0, 200) };
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
function failure(error: unknown): Sent {
  const why = error instanceof Error ? error.message : String(error);
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

/** Read at each use, so that a renewed secret counts at once and none is kept. */
async function secretOf(reference: SecretReference): Promise<string> {
  if ('file' in reference) return (await readFile(reference.file, 'utf8')).trim();
  const secret = process.env[reference.env];
  if (secret === undefined) throw new Error(`the environment variable ${reference.env} with the password is not set`);
  return secret;
}
