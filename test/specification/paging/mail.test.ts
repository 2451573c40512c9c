import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { expect, onTestFinished, test } from 'vitest';
import { mailNotifier } from '../../../adapters/mail/mail.js';
import type { MailServer } from '../../../domain/channel.js';
import type { Page } from '../../../domain/page.js';
import { freshFolder } from '../../support/knob.js';
import { listen } from '../../support/listen.js';
import type { Server } from 'node:net';

const abort = new AbortController().signal;

const page: Page = {
  id: '7',
  purpose: 'call',
  thread: 'hale/prod/inc-12',
  severity: 'critical',
  environment: 'prod',
  service: 'checkout',
  incident: 'inc-12',
  at: 0,
  title: '[prod] checkout is broken',
  facts: [{ label: 'Why', text: '<script>alert("x")</script> & more' }],
  next: ['hale resume checkout'],
  link: 'https://hale.example/incidents/inc-12',
};

/** A real SMTP server; answers its port and the mails it took. */
async function mailbox(
  options: SMTPServerOptions = {},
): Promise<{ port: number; mails: { to: string[]; text: string }[]; logins: string[] }> {
  const mails: { to: string[]; text: string }[] = [];
  const logins: string[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        mails.push({ to: session.envelope.rcptTo.map(({ address }) => address), text: Buffer.concat(chunks).toString('utf8') });
        done();
      });
    },
    onAuth: ({ username }, _, done) => {
      logins.push(username ?? '');
      done(null, { user: username });
    },
    ...options,
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(resolve)));
  return { port: (server.server.address() as { port: number }).port, mails, logins };
}

const send = (port: number, more: Partial<MailServer> = {}) =>
  mailNotifier().send(
    {
      name: 'web/email',
      kind: 'email',
      server: { host: '127.0.0.1', port, tls: false, from: 'hale@example.com', user: 'hale', ...more },
      to: ['ada@example.com', 'bob@example.com'],
    },
    page,
    abort,
  );

test("a mail is one of its incident's thread, marked as automatic, with text and HTML in which nothing is markup", async () => {
  const { port, mails } = await mailbox();
  expect(await send(port)).toMatchObject({ kind: 'sent' });
  expect(mails[0]?.to).toEqual(['ada@example.com', 'bob@example.com']);
  const text = (mails[0]?.text ?? '').replaceAll('\r\n', '\n');
  for (const header of [
    'From: hale <hale@example.com>',
    'Subject: [prod] checkout is broken',
    'Message-ID: <hale.prod.inc-12.7@example.com>',
    'References: <hale.prod.inc-12@example.com>',
    'In-Reply-To: <hale.prod.inc-12@example.com>',
    'Auto-Submitted: auto-generated',
  ])
    expect(text.split('\n')).toContain(header);
  expect(text).toContain(
    '[prod] checkout is broken\n\nWhy: <script>alert("x")</script> & more\n\n  hale resume checkout\n\nhttps://hale.example/',
  );
  const html = text.slice(text.indexOf('<h3>')).replaceAll('=\n', '').replaceAll('=3D', '=');
  expect(html).toContain('<td>&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; more</td>');
  expect(html).toContain('<pre>hale resume checkout</pre>');
});

test('a refused address is refused for ever, a full mailbox is tried again', async () => {
  const answering = (code: number) => mailbox({ onRcptTo: (_, __, done) => done(Object.assign(new Error('no'), { responseCode: code })) });
  expect(await send((await answering(550)).port)).toMatchObject({ kind: 'refused' });
  expect(await send((await answering(452)).port)).toMatchObject({ kind: 'later' });
});

test('a password goes to no server that can not encrypt', async () => {
  const { port, logins, mails } = await mailbox();
  const file = join(await freshFolder(), 'secret');
  await writeFile(file, 'hush');
  const sent = await send(port, { password: { file } });
  expect(sent).toMatchObject({ kind: 'later' });
  expect(JSON.stringify(sent)).not.toContain('hush');
  expect([logins, mails]).toEqual([[], []]);
});

test('a server that greets nobody is given up when the try is called off', async () => {
  const silent = (await import('node:net')).createServer() as Server;
  const port = await listen(silent);
  const called = mailNotifier().send(
    {
      name: 'web/email',
      kind: 'email',
      server: { host: '127.0.0.1', port, tls: false, from: 'h@example.com', user: 'h' },
      to: ['a@example.com'],
    },
    page,
    AbortSignal.timeout(100),
  );
  expect(await called).toEqual({ kind: 'later', why: 'did not answer in time' });
});
