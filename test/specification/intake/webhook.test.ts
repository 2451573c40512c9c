// The intake of alerts over real HTTP and a real database: what is let in, kept, refused, and in which words.
import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { alert, alertsToken, kept, webOn } from '../../support/intake.js';

const AM = '/api/alerts/alertmanager/am-prod';
const body = (alerts: readonly unknown[], more = {}) => JSON.stringify({ version: '4', groupKey: 'g', alerts, ...more });

test('an alert is in the database when it is answered with 2xx', async () => {
  const { fire, pool } = await webOn();
  expect(await fire([alert()])).toMatchObject({ status: 200, body: { kept: 1, known: 0, refused: [], warnings: [] } });
  expect(await kept(pool)).toMatchObject([{ source: 'am-prod', status: 'firing', state: 'waiting', labels: { service: 'shop' } }]);
});

test('the same alert again is known, whatever the order of its labels and whatever its sender calls its fingerprint', async () => {
  const { fire, pool } = await webOn();
  const one = alert();
  const again = { ...one, labels: Object.fromEntries(Object.entries(one.labels).reverse()), fingerprint: 'other' };
  await fire([one, one]);
  expect((await fire([again])).body).toMatchObject({ kept: 0, known: 1 });
  expect(await kept(pool)).toHaveLength(1);
});

test('another start, status, label, group or source is another alert, under whichever fingerprint', async () => {
  const { fire, pool } = await webOn();
  const one = alert({ startsAt: '2026-11-28T08:00:00Z' });
  await fire([one]);
  await fire([{ ...one, startsAt: '2026-11-28T08:00:01Z' }]);
  await fire([{ ...one, status: 'resolved' }]);
  await fire([{ ...one, labels: { ...one.labels, pod: 'a' } }]);
  await fire([one], { groupKey: 'other' });
  await fire([one], {}, 'am-twin');
  expect(await kept(pool)).toHaveLength(6);
});

test('spoofed webhook: a source that is not known, a token that is wrong, short, missing or of another source are the same 401 before the body is read', async () => {
  const { post, pool } = await webOn();
  const huge = body([alert()]).padEnd(1_000_000);
  const answers = await Promise.all([
    post('/api/alerts/alertmanager/nobody', body([alert()])),
    post('/api/alerts/alertmanager/script', body([alert()])),
    post(AM, huge, { authorization: 'Bearer wrong' }),
    post(AM, body([alert()]), { authorization: 'Bearer a' }),
    post(AM, body([alert()]), { authorization: '' }),
    post(AM, body([alert()]), { authorization: 'Basic YW06YW0tc2VjcmV0' }),
    post(AM, body([alert()]), { authorization: `Bearer ${alertsToken}` }),
    post('/api/alerts/am-prod', body([alert()])),
  ]);
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 401));
  expect(new Set(answers.map((answer) => JSON.stringify(answer.body)))).toHaveLength(1);
  expect(await kept(pool)).toEqual([]);
});

test('a body that is empty, no object, cut, compressed or too large is refused within its limits', async () => {
  const { post } = await webOn();
  const status = async (...sent: Parameters<typeof post> extends [string, ...infer R] ? R : never) => (await post(AM, ...sent)).status;
  expect(await status('')).toBe(400);
  expect(await status('[]')).toBe(400);
  expect(await status('null')).toBe(400);
  expect(await status('"x"')).toBe(400);
  expect(await status(body([alert()]).slice(0, 60))).toBe(400);
  expect(await status(gzipSync(body([alert()])), { 'content-encoding': 'gzip' })).toBe(415);
  expect(await status(gzipSync(body([alert()])))).toBe(400);
  expect(await status(body([alert()]).padEnd(300_000))).toBe(413);
});

test('a body in chunks without an end is cut off at the limit', async () => {
  const { url } = await webOn();
  const status = await new Promise<number | string>((resolve) => {
    const endless = request(`${url}${AM}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer am-secret', 'transfer-encoding': 'chunked' },
    });
    endless.on('response', (response) => {
      endless.destroy();
      resolve(response.statusCode ?? 0);
    });
    endless.on('error', (error) => resolve(String(error)));
    // No more than the one byte too much: what the server has not read when it closes would take its answer with it.
    endless.write(' '.repeat(256 * 1024 + 1));
  });
  expect(status).toBe(413);
});

test('a body whose bytes come too slowly is given up', async () => {
  const { url, pool } = await webOn(undefined, undefined, 300);
  const ended = await new Promise<number | string>((resolve) => {
    const slow = request(`${url}${AM}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer am-secret', 'content-length': '1000' },
    });
    slow.on('response', (response) => resolve(response.statusCode ?? 0));
    slow.on('error', (error) => resolve(String(error)));
    slow.write('{"version": "4"');
  });
  expect(ended).toBe(408);
  expect(await kept(pool)).toEqual([]);
});

test('two requests with the same alerts in another order wait for each other in turn, and never in a circle', async () => {
  const { fire, pool } = await webOn();
  const [first, middle, last] = ['a', 'b', 'c'].map((pod) => alert({ startsAt: '2026-11-28T08:00:00Z' }, { pod }));
  await fire([middle]);
  const other = await pool.connect();
  onTestFinished(() => other.release(true));
  // The row in the middle is somebody's who has not committed yet: both requests must wait, each with what it has so far.
  await pool.query('create table before as select key, source, status, fingerprint, labels, annotations, starts_at from alerts');
  await pool.query('delete from alerts');
  await other.query('begin');
  await other.query('insert into alerts (key, source, status, fingerprint, labels, annotations, starts_at) select * from before');
  const answers = Promise.all([fire([first, middle, last]), fire([last, middle, first])]);
  await expect
    .poll(async () => (await pool.query('select from pg_locks where not granted')).rowCount, { interval: 20 })
    .toBeGreaterThanOrEqual(2);
  await other.query('rollback');
  expect((await answers).map(({ status }) => status)).toEqual([200, 200]);
  expect(await kept(pool)).toHaveLength(3);
});

test('a body in another type, charset or encoding is refused, and nothing of it is kept', async () => {
  const { post, pool } = await webOn();
  const text = body([alert()]);
  const answers = [
    await post(AM, text, { 'content-type': 'text/plain' }),
    await post(AM, text, { 'content-type': 'application/json; charset=utf-16' }),
    await post(AM, Buffer.from(text, 'utf16le')),
    await post(AM, Buffer.from(text.replace('ShopDown', 'Shop\u00ffDown'), 'latin1')),
  ];
  expect(answers.map(({ status }) => status)).toEqual([415, 415, 400, 400]);
  expect(await kept(pool)).toEqual([]);
});

test('NUL, half a surrogate pair, reserved names and labels that are too long or too many are refused for their alert alone', async () => {
  const { fire, pool } = await webOn();
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`l${index}`, 'x']));
  const bad = [
    alert({}, { pod: 'a\0b' }),
    alert({}, { pod: '\ud800' }),
    alert({}, { 'po\0d': 'a' }),
    JSON.parse('{"status":"firing","startsAt":"2026-11-28T08:00:00Z","labels":{"__proto__":"x","service":"shop"}}'),
    alert({}, { pod: 'x'.repeat(1025) }),
    alert({}, { pod: 'é'.repeat(600) }),
    alert({}, { alertname: 'x'.repeat(4096) }),
    alert({}, { [`n${'x'.repeat(200)}`]: 'a' }),
    alert({}, { pod: 5 }),
    alert({ labels: many }),
    alert({ labels: [] }),
    'alert',
  ];
  const answer = await fire([alert(), ...bad]);
  expect(answer.status).toBe(200);
  expect(answer.body.refused.map((one) => one.alert)).toEqual(bad.map((_, index) => index + 1));
  expect(answer.body.refused.every((one) => one.status === 422 && one.hint !== '')).toBe(true);
  expect(await kept(pool)).toHaveLength(1);
});

test('constructor and toString are labels like any other', async () => {
  const { fire, pool } = await webOn();
  await fire([alert({}, { constructor: 'a', toString: 'b', hasOwnProperty: 'c' })]);
  expect(await kept(pool)).toMatchObject([{ labels: { constructor: 'a', toString: 'b', hasOwnProperty: 'c' } }]);
});

test('a nest of 10,000 levels is refused before anything parses it', async () => {
  const { post } = await webOn();
  const nest = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
  expect(await post(AM, nest)).toMatchObject({ status: 422, body: { error: { code: 'tooDeep' } } });
  expect((await post(AM, body([alert({}, { pod: '[[[[[[[[[[[[[[[' })]))).status).toBe(200);
});

test('no alerts are a success, 501 are too many, and what the sender left out is said', async () => {
  const { fire, pool } = await webOn();
  expect(await fire([])).toMatchObject({ status: 200, body: { kept: 0 } });
  const many = Array.from({ length: 501 }, (_, index) => ({
    status: 'firing',
    startsAt: '2026-11-28T08:00:00Z',
    labels: { a: `${index}` },
  }));
  expect(await fire(many)).toMatchObject({ status: 413, body: { error: { code: 'tooManyAlerts' } } });
  expect(await kept(pool)).toEqual([]);
  expect(await fire(many.slice(1))).toMatchObject({ status: 200, body: { kept: 500 } });
  expect((await fire([alert()], { truncatedAlerts: 40 })).body.warnings).toEqual([expect.stringContaining('40 more were left out')]);
});

test('a status or time that means nothing is refused for its alert, a clock that is ahead is taken as now and said', async () => {
  const { fire, pool } = await webOn();
  const ahead = new Date(Date.now() + 3_600_000).toISOString();
  const bad = [
    alert({ status: undefined }),
    alert({ status: 'FIRING' }),
    alert({ startsAt: '0001-01-01T00:00:00Z' }),
    alert({ startsAt: '9999-01-01T00:00:00Z' }),
    alert({ startsAt: new Date(Date.now() + 25 * 3_600_000).toISOString() }),
    alert({ startsAt: '2026-11-28T08:00:00' }),
    alert({ startsAt: 1_700_000_000 }),
    alert({ startsAt: undefined }),
    alert({ endsAt: 'tomorrow' }),
  ];
  const { body: answer } = await fire([...bad, alert({ startsAt: ahead })]);
  expect(answer).toMatchObject({ kept: 1, refused: bad.map((_, index) => ({ alert: index, status: 422 })) });
  expect(answer.warnings).toEqual([expect.stringContaining('ahead of this clock')]);
  expect((await kept(pool))[0]?.starts_at.getTime()).toBeLessThanOrEqual(Date.now());
  expect((await fire([alert({ startsAt: ahead })])).body).toMatchObject({ known: 1 });
});

test('when every alert is refused the answer is 422, with an example of what is allowed', async () => {
  const { fire } = await webOn();
  expect(await fire([alert({ status: 'on' })])).toMatchObject({
    status: 422,
    body: { error: { code: 'badStatus', message: expect.stringContaining('"on"'), hint: 'firing or resolved' } },
  });
});

test('another version of the webhook, and fields of the wrong type, are refused', async () => {
  const { fire } = await webOn();
  expect((await fire([alert()], { version: '3' })).status).toBe(422);
  expect((await fire([alert()], { groupKey: 7 })).status).toBe(422);
  expect((await fire([alert()], { alerts: {} })).status).toBe(422);
  expect((await fire([alert()], { notification_reason: 'new', more: [{}] })).status).toBe(200);
});

test('what is not there is 404 and what can not be done 404 too, as JSON', async () => {
  const { post, url } = await webOn();
  expect(await post('/api/nothing', '{}')).toMatchObject({ status: 404, body: { error: { code: 'notFound' } } });
  expect((await fetch(`${url}${AM}`)).status).toBe(404);
  expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ ok: true });
});
