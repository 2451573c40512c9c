// What the intake promises while its database is away, slow or flooded, over a real line that is cut or held, and when it is killed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../../workers/stack/ports.js';
import { alert, alertmanagerToken, alertsToken, changesToken, intakeFile, kept, shopService, webOn } from '../../support/intake.js';
import { tcpProxy, type TcpProxy } from '../../support/tcp-proxy.js';

/** hale's web server whose database is behind a line that can go dead. */
async function webBehind() {
  let proxy: TcpProxy | undefined;
  const web = await webOn(intakeFile(shopService), async (url) => {
    const { hostname, port } = new URL(url);
    proxy = await tcpProxy(hostname, Number(port));
    return url.replace(`:${port}/`, `:${proxy.port}/`);
  });
  if (proxy === undefined) throw new Error('no proxy was made');
  return { ...web, proxy };
}

test('while the database is silent the answer is 503 with Retry-After, in time, and nothing is kept', async () => {
  const { fire, pool, proxy } = await webBehind();
  await fire([]);
  proxy.stopAt('insert into alerts');
  const answer = await fire([alert()]);
  expect(answer).toMatchObject({ status: 503, body: { error: { code: 'databaseAway' } } });
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await kept(pool)).toEqual([]);
});

test('a change is not said to be kept while the database is silent', async () => {
  const { post, pool, proxy } = await webBehind();
  const tell = () => post('/api/changes', JSON.stringify({ service: 'shop', summary: 'v2' }), { authorization: `Bearer ${changesToken}` });
  await post('/api/changes', '[]', { authorization: `Bearer ${changesToken}` });
  proxy.stopAt('insert into changes');
  const answer = await tell();
  expect(answer).toMatchObject({ status: 503, body: { error: { code: 'databaseAway' } } });
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await pool.query('select from changes')).rowCount).toBe(0);
});

test('a commit whose answer got lost is answered 503, and sent again the alert is there once', async () => {
  const { fire, pool, proxy } = await webBehind();
  await fire([]);
  proxy.cutAfter('insert into alerts');
  const one = alert();
  expect((await fire([one])).status).toBe(503);
  await expect.poll(() => kept(pool)).toHaveLength(1);
  expect((await fire([one])).status).toBe(503);
  expect(await kept(pool)).toHaveLength(1);
});

test('before any configuration could be read nobody is told that a token is wrong', async () => {
  const { fire, proxy, url } = await webBehind();
  proxy.stopAt('select');
  expect(await fire([alert()])).toMatchObject({ status: 503, body: { error: { code: 'databaseAway' } } });
  expect((await fetch(`${url}/healthz`)).status).toBe(503);
  expect((await fetch(`${url}/metrics`)).status).toBe(503);
});

test('of many requests few wait for a silent database, and the others are told at once', async () => {
  const { fire, proxy } = await webBehind();
  await fire([]);
  proxy.stopAt('insert into alerts');
  const answers = await Promise.all(Array.from({ length: 60 }, () => fire([alert()])));
  const codes = answers.map(({ body }) => body.error?.code);
  expect(answers.every(({ status, headers }) => status === 503 && Number(headers.get('retry-after')) > 0)).toBe(true);
  expect(codes.filter((code) => code === 'databaseAway')).toHaveLength(16);
  expect(codes.filter((code) => code === 'busy')).toHaveLength(44);
});

test('flooding: a source that sends faster than its rate is told when to come again, and no other source waits for it', async () => {
  const { post, fire } = await webOn(
    intakeFile(shopService).replace(
      'am-prod: {accepts: alertmanager, token: am, perSecond: 1000}',
      'am-prod: {accepts: alertmanager, token: am, perSecond: 2}',
    ),
  );
  const answers = await Promise.all(Array.from({ length: 10 }, () => fire([])));
  const tooFast = answers.filter(({ status }) => status === 429);
  expect(tooFast.length).toBeGreaterThanOrEqual(5);
  expect(tooFast.every(({ headers, body }) => headers.get('retry-after') === '1' && body.error?.code === 'tooFast')).toBe(true);
  expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(2);
  expect((await fire([], {}, 'am-twin')).status).toBe(200);
  expect((await post('/api/alerts/script', '[]', { authorization: `Bearer ${alertsToken}` })).status).toBe(200);
});

test('requests without the token use up nothing of the source`s rate', async () => {
  const { post, fire } = await webOn(intakeFile(shopService).replaceAll('perSecond: 1000', 'perSecond: 1'));
  const strangers = Array.from({ length: 20 }, () => post('/api/alerts/alertmanager/am-prod', '{}', { authorization: 'Bearer no' }));
  expect((await Promise.all(strangers)).every(({ status }) => status === 401)).toBe(true);
  expect((await fire([])).status).toBe(200);
});

test('an alert that was answered with 2xx is there after kill -9 of the web process', async () => {
  const { pool, databaseUrl } = await webOn();
  const port = await freePort();
  const main = fileURLToPath(new URL('../../../dist/client/web/main.js', import.meta.url));
  const child = spawn(process.execPath, [main, '--port', String(port)], {
    env: { ...process.env, HALE_DATABASE_URL: databaseUrl },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stderr, 'data');
  const answer = await fetch(`http://127.0.0.1:${port}/api/alerts/alertmanager/am-prod`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${alertmanagerToken}` },
    body: JSON.stringify({ version: '4', groupKey: 'g', alerts: [alert()] }),
  });
  child.kill('SIGKILL');
  expect(answer.status).toBe(200);
  expect(await kept(pool)).toHaveLength(1);
});
