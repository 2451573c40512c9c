// What fails before anything is sent is told to people, and stored: it must not repeat the secret that it fails for.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ask as askAlertmanager } from '../../../adapters/alertmanager/api.js';
import { alertmanagerSilences } from '../../../adapters/alertmanager/silences.js';
import { serverOf } from '../../../adapters/kubernetes/server.js';
import { grafanaNotifier } from '../../../adapters/notify/grafana.js';
import { ask as askReceiver } from '../../../adapters/notify/request.js';
import { slackNotifier } from '../../../adapters/notify/slack.js';
import { teamsNotifier } from '../../../adapters/notify/teams.js';
import { placeOf } from '../../../adapters/postgres/database.js';
import { reach } from '../../../adapters/postgres/read.js';
import { ask as askPrometheus } from '../../../adapters/prometheus/ask.js';
import type { Page } from '../../../domain/page.js';
import { failureOf } from '../../../secrets/failure.js';
import { freshFolder } from '../../support/knob.js';
import { kubeconfig } from '../../support/kubernetes/scene.js';

const canary = 'hush-R1dV8qTz';
const nowhere = '127.0.0.1:2';
const { signal } = new AbortController();
const page = { id: '7', purpose: 'call', thread: 't', severity: 'error', title: '', facts: [], next: [], at: 0 } as unknown as Page;

async function fileWith(text: string): Promise<{ readonly file: string }> {
  const file = join(await freshFolder(), 'secret');
  await writeFile(file, text);
  return { file };
}

/** What is thrown, with all that it was caused by, as it would lie in a history. */
const thrownBy = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'nothing was thrown',
    (error: unknown) => told(error),
  );
const told = (error: unknown): string => (error instanceof Error ? `${error.stack} ${told(error.cause)}` : String(error));

describe('a token of two lines', () => {
  const sentence = /the secret in the file \S+ has characters that no header can have \(not shown\); allowed: one line/;
  it.each([
    [
      'Grafana',
      (token: { file: string }) =>
        grafanaNotifier().send({ name: 'x/grafana', kind: 'grafana', url: `http://${nowhere}`, token }, page, signal),
    ],
    ['Alertmanager', (token: { file: string }) => alertmanagerSilences().about({ name: 'am', url: `http://${nowhere}`, token }, 'shop')],
    [
      'Prometheus',
      (token: { file: string }) => askPrometheus({ url: `http://${nowhere}`, accept: '*/*', token, timeoutMs: 5_000, abort: signal }),
    ],
  ])('is refused for %s by the place of it, and not shown', async (_, use) => {
    const said = JSON.stringify(await use(await fileWith(`${canary}\nold: ${canary}-2\n`)));
    expect(said).toMatch(sentence);
    expect(said).not.toContain(canary);
  });
});

describe('a webhook that is a secret', () => {
  it.each([
    ['user and password', `https://bot:${canary}@${nowhere}/x`],
    ['a user', `https://${canary}@${nowhere}/x`],
    ['two lines', `https://${nowhere}/${canary}\nhttps://${nowhere}/old`],
    ['another scheme', `ftp://${nowhere}/${canary}`],
    ['no scheme', `hooks.slack.com/${canary}`],
  ])('with %s is refused by the place of it, and not shown', async (_, text) => {
    const webhook = await fileWith(text);
    const sent = [
      await slackNotifier().send({ name: 'x/slack', kind: 'slack', webhook }, page, signal),
      await teamsNotifier().send({ name: 'x/teams', kind: 'teams', webhook }, page, signal),
    ];
    const why = `the secret in the file ${webhook.file} is no URL to send to (not shown); allowed: one http or https URL without user and password`;
    for (const one of sent) expect(one).toEqual({ kind: 'later', why });
  });
});

describe('what an error repeats', () => {
  const withPassword = `http://bot:${canary}@${nowhere}`;
  it.each([
    ['a receiver', async () => askReceiver({ method: 'POST', url: withPassword, secrets: [canary], abort: signal })],
    ['Alertmanager', async () => askAlertmanager({ name: 'am', url: withPassword, token: await fileWith(canary) }, { path: '/', signal })],
    [
      'Prometheus',
      async () => {
        const answer = await askPrometheus({
          url: withPassword,
          accept: '*/*',
          token: await fileWith(canary),
          timeoutMs: 5_000,
          abort: signal,
        });
        throw new Error(JSON.stringify(answer));
      },
    ],
  ])('of the secrets of %s is taken out, also of what caused it', async (_, ask) => {
    const thrown = await thrownBy(ask());
    expect(thrown).toContain('(secret)');
    expect(thrown).not.toContain(canary);
  });

  it('keeps its code, by which it is known that nothing was sent', async () => {
    const error: unknown = await fetch(`http://${nowhere}`, { signal }).catch((thrown: unknown) => thrown);
    expect(failureOf(error, [])).toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('the URL of the database', () => {
  it.each([
    `hale:${canary}@db`,
    `postgres://hale:12/${canary}@db/hale`,
    `postgres://hale:a/${canary}@db/hale`,
    `postgres://hale:${canary}@db:x/hale`,
  ])('is not shown where it is none: %s', async (url) => {
    const thrown = await thrownBy(reach(url));
    expect(thrown).toContain("the database's address is no URL (not shown); allowed: postgres://user@host:5432/hale");
    expect(thrown).not.toContain(canary);
  });

  it('is shown without user and password', () => expect(placeOf(`postgres://hale:${canary}@db:5432/hale`)).toBe('db:5432/hale'));
});

describe('credentials of a cluster', () => {
  const path = '/version';
  const get = { needs: { verb: 'get', resource: 'pods', scope: 'namespace' }, path } as never;

  it('are not quoted where their file is no YAML', async () => {
    const { file } = await fileWith(`users:\n- name: hale\n  user:\n    token: ${canary}\n   other: 1\n`);
    const thrown = await thrownBy(serverOf(file, { timeoutMs: 5_000 }));
    expect(thrown).toContain(`the kubeconfig ${file} is no YAML (5:4)`);
    expect(thrown).not.toContain(canary);
  });

  it('are not quoted where the program for them prints the bare token', async () => {
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: '/bin/echo', args: ['hush'] };
    const { file } = await fileWith(JSON.stringify(kubeconfig(`https://${nowhere}`, { exec })));
    const { ask } = await serverOf(file, { timeoutMs: 5_000 });
    const thrown = await thrownBy(ask(get));
    expect(thrown).toContain(`the cluster ${nowhere} can't be asked: the program for its credentials prints no JSON`);
    expect(thrown).not.toContain('hush');
  });
});
