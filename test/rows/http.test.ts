// Rows 9 to 16: what is sent to the intake, over real HTTP into a real database.
import { request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { Client, Connection } from '@temporalio/client';
import { postgresAlerts } from '../../adapters/postgres/alerts.js';
import { composePorts } from '../../workers/compose.js';
import { drainOnce } from '../../workers/drain.js';
import { alert, alertmanagerToken, alertsToken, intakeFile, shopService, webOn, type Web } from '../support/intake.js';
import { row, type Guard } from './table.js';

const AM = '/api/alerts/alertmanager/am-prod';
const sent = (alerts: readonly unknown[], more = {}): string => JSON.stringify({ version: '4', groupKey: 'g', alerts, ...more });

const json = 'contracts/intake/json.ts';
const server = 'client/web/server.ts';
const labels = 'contracts/intake/labels.ts';
const time = 'contracts/intake/time.ts';
const notJson: Guard = [json, "'notJson', 'the body is not JSON'"];
const notUtf8: Guard = [json, "'notUtf8', 'the body is not UTF-8'"];
const notAlertmanager: Guard = ['contracts/intake/alertmanager.ts', "refuse(400, 'notAlertmanager'"];
const tooLarge: Guard = [server, 'if (status === 413) return'];
const badLabel: Guard = [labels, 'label ${name} is ${shown(text)}'];
const badTime: Guard = [time, 'if (at >= EARLIEST && at < LATEST) return'];

interface Body {
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
  /** Its bytes are sent again and again, so often or without end; the last of them never comes. */
  readonly endless?: { readonly everyMs: number };
}

const oneLine = ({ status, body }: { readonly status: number; readonly body: unknown }): string => `${status} ${JSON.stringify(body)}`;

/** One request; the status and the body of the answer. A request is given 1 s. */
const posted = async (): Promise<(input: Body) => Promise<string>> => {
  const web = await webOn(intakeFile(shopService), undefined, 1_000);
  return async ({ body, headers = {}, path = AM, endless }) =>
    endless === undefined ? oneLine(await web.post(path, body, headers)) : flooded(web, body, endless.everyMs);
};

/** Whoever is cut off may not see the answer any more: then it is told that the line was cut. */
function flooded({ url }: Web, chunk: string | Uint8Array, everyMs: number): Promise<string> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${alertmanagerToken}`, 'transfer-encoding': 'chunked' };
    const flood = request(`${url}${AM}`, { method: 'POST', headers });
    let isOver = false;
    const end = (said: string): void => {
      isOver = true;
      resolve(said);
      flood.destroy();
    };
    flood.on('response', ({ statusCode }) => end(`${statusCode}`)).on('error', (error) => end(`cut: ${error.message}`));
    const pour = async (): Promise<void> => {
      while (!isOver) {
        flood.write(chunk);
        await wait(everyMs);
      }
    };
    void pour();
  });
}

row<Body>(9, 'HTTP', 'a body that is no object, is cut, compressed, too large or never ends is refused within its limits', posted, [
  [{ body: '' }, /^400 .*the body is empty/, [json, "'empty', 'the body is empty'"]],
  [{ body: '[]' }, /^400 .*notAlertmanager/, notAlertmanager],
  [{ body: 'null' }, /^400 .*notAlertmanager/, notAlertmanager],
  [{ body: '"x"' }, /^400 .*notAlertmanager/, notAlertmanager],
  [{ body: sent([alert()]).slice(0, 60) }, /^400 .*notJson/, notJson],
  [{ body: gzipSync('0'.repeat(1e8)), headers: { 'content-encoding': 'gzip' } }, /^415 .*compressed/, [server, 'the body is compressed']],
  [{ body: gzipSync('0'.repeat(1e6)) }, /^400 .*notUtf8/, notUtf8],
  [{ body: sent([alert()]).padEnd(300_000) }, /^413 .*tooLarge/, tooLarge],
  [{ body: 'x'.repeat(65_536), endless: { everyMs: 0 } }, /^413|^cut/, tooLarge],
  [{ body: ' ', endless: { everyMs: 100 } }, /^408|^cut/, [server, 'requestTimeout: requestMs']],
]);

row<Body>(
  10,
  'HTTP',
  'a body in another type or charset, or with bytes that are no text, is refused and never reaches the database',
  posted,
  [
    [{ body: sent([alert()]), headers: { 'content-type': 'text/plain' } }, /^415 .*wrongType/, ['client/web/body.ts', "'wrongType'"]],
    [
      { body: sent([alert()]), headers: { 'content-type': 'application/json; charset=utf-16' } },
      /^415/,
      ['client/web/body.ts', "'wrongType'"],
    ],
    [{ body: Buffer.from(sent([alert()]), 'utf16le') }, /^400/, notJson],
    [{ body: Buffer.from(sent([alert()]).replace('ShopDown', 'Shop\u00ffDown'), 'latin1') }, /^400 .*notUtf8/, notUtf8],
    [{ body: sent([alert({}, { pod: '\ud800' })]) }, /^422 .*label pod/, badLabel],
    [{ body: sent([alert({}, { pod: 'a\0b' })]) }, /^422 .*label pod/, badLabel],
  ],
);

const started = (at: number, more = {}) => alert({ startsAt: new Date(Date.now() + at).toISOString(), ...more });
const many = (count: number) => Array.from({ length: count }, (_, n) => alert({}, { pod: `${n}` }));

row<Body>(11, 'HTTP', 'no alerts are no news, 501 are too many, and those that their sender left out are said', posted, [
  [{ body: sent([]) }, /^200 .*"kept":0/, ['client/web/alerts.ts', 'return reply.code(200).send({ kept: stored']],
  [{ body: sent(many(501)) }, /^413 .*there are 501 alerts/, ['contracts/intake/alert.ts', "refuse(413, 'tooManyAlerts'"]],
  [
    { body: sent([alert()], { truncatedAlerts: 40 }) },
    /^200 .*"kept":1.*40 more were left out/,
    ['client/web/alerts.ts', 'more were left out by the sender'],
  ],
]);

row<Body>(
  12,
  'HTTP',
  'a status or time that means nothing is refused for its alert alone, and a start ahead of the clock is taken as now',
  posted,
  [
    [{ body: sent([alert(), alert({ status: undefined })]) }, /^200 .*"kept":1.*badStatus/, ['contracts/intake/alert.ts', "'badStatus'"]],
    [{ body: sent([alert({ status: 'FIRING' })]) }, /^422 .*status is \\"FIRING\\"/, ['contracts/intake/alert.ts', "'badStatus'"]],
    [
      { body: sent([alert({ startsAt: '0001-01-01T00:00:00Z' })]) },
      /^422 .*startsAt/,
      ['contracts/intake/alert.ts', "'startsAt is missing'"],
    ],
    [{ body: sent([alert({ startsAt: '9999-01-01T00:00:00Z' })]) }, /^422 .*startsAt is/, badTime],
    [{ body: sent([alert({ startsAt: '2026-11-28T08:00:00' })]) }, /^422 .*startsAt is/, [time, 'PATTERN.test(value)']],
    [{ body: sent([started(25 * 3_600_000)]) }, /^422 .*more than a day ahead/, [time, 'if (told > now + AHEAD_MS_MAX) return']],
    [{ body: sent([started(3_600_000)]) }, /^200 .*"kept":1.*check the sender's clock/, [time, 'at: told > now + CLOCK_MS ? now : told']],
  ],
);

/** Alerts are taken in and then looked at, as a worker does; the answer, and what became of the newest of them. */
const drained = async (): Promise<(input: Body) => Promise<string>> => {
  const web = await webOn();
  const ports = composePorts(web.pool, new Client({ connection: Connection.lazy() }));
  const ofNewest = async (sql: string): Promise<string> => (await web.pool.query<{ said: string | null }>(sql)).rows[0]?.said ?? '';
  return async ({ body, path = AM, headers = {} }) => {
    const answer = await web.post(path, body, headers);
    await drainOnce({ ...ports, alerts: postgresAlerts(web.pool) });
    const fate = await ofNewest(`select state || ': ' || coalesce(why, '') as said from alerts order by id desc limit 1`);
    const called = await ofNewest(
      "select body::jsonb->'data'->>'sentence' as said from events where body like '%person.called%' order by seq desc limit 1",
    );
    return `${oneLine(answer)} ${fate} ${called}`.trim();
  };
};

const fate = 'domain/alert.ts';
const old = new Date(Date.now() - 60_000).toISOString();
const older = new Date(Date.now() - 120_000).toISOString();

row<Body>(13, 'HTTP', 'what is resolved, had resolved before it came, or ends before it starts is recorded and starts no cycle', drained, [
  [
    { body: sent([alert({ status: 'resolved', startsAt: old, endsAt: old })]) },
    /^200 .*recorded: resolved: a hint/,
    [fate, "recorded('resolved: a hint"],
  ],
  [{ body: sent([alert({ startsAt: older })]) }, /^200 .*recorded: it had resolved before it came/, [fate, "recorded('it had resolved"]],
  [
    { body: sent([alert({ startsAt: old, endsAt: older }, { pod: 'a' })]) },
    /^200 .*recorded: it ends before it starts/,
    [fate, "recorded('it ends before it starts')"],
  ],
]);

const withLabels = (text: string): string =>
  `{"version":"4","groupKey":"g","alerts":[{"status":"firing","startsAt":"${old}","labels":${text}}]}`;
const named = (count: number): string => JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, n) => [`l${n}`, 'x'])));

row<Body>(14, 'HTTP', 'labels are a map without a prototype, of bounded number, length and depth', posted, [
  [{ body: withLabels('{"__proto__":"x"}') }, /^422 .*a label is named/, [labels, "name === '' || name.startsWith('__')"]],
  [{ body: withLabels('{"constructor":"a","toString":"b"}') }, /^200 .*"kept":1/, [labels, 'const labels = Object.create(null)']],
  [{ body: `${'['.repeat(10_000)}${']'.repeat(10_000)}` }, /^422 .*tooDeep/, [json, "'tooDeep'"]],
  [{ body: withLabels(`{"pod":"${'x'.repeat(2_000)}"}`) }, /^422 .*label pod/, badLabel],
  [{ body: withLabels(`{"pod":"${'x'.repeat(1e6)}"}`) }, /^413 .*tooLarge/, tooLarge],
  [{ body: withLabels(named(10_000)) }, /^422 .*there are 10000 labels/, [labels, "'tooManyLabels'"]],
]);

row<Body>(
  15,
  'HTTP',
  'an alert about nobody is recorded, of a foreign source not let in, and about hale itself a call and no act',
  drained,
  [
    [
      { body: sent([alert({}, { service: 'nobody' })]) },
      /^200 .*unmatched: no service has matchers/,
      ['contracts/configuration/alert-target.ts', 'no service has matchers that fit its labels'],
    ],
    [
      { body: sent([alert()]), headers: { authorization: `Bearer ${alertsToken}` } },
      /^401 .*not known/,
      ['client/web/door.ts', 'if (source === undefined) throw unauthorized()'],
    ],
    [
      { body: sent([alert({}, { service: 'hale' })]) },
      /^200 .*self: .*about hale itself: hale does nothing about it/,
      ['workers/drain.ts', 'which is about hale itself: hale does nothing about it'],
    ],
  ],
);

row<Body>(16, 'HTTP', "an alert is told by hale's own hash of its labels, and its name is shown without marks", drained, [
  [
    { body: sent([alert({ startsAt: old }, { service: 'nobody' })]) },
    /^200 .*"kept":1/,
    ['adapters/postgres/intake.ts', 'const fingerprintOf'],
  ],
  [
    { body: sent([alert({ startsAt: old }, { service: 'nobody', pod: 'b' })]) },
    /^200 .*"kept":1,"known":0/,
    ['adapters/postgres/intake.ts', 'const fingerprintOf'],
  ],
  [
    { body: sent([alert({}, { service: 'hale', alertname: '\u{1F4A5}\u202E<b>evil' })]) },
    /says that [_ ]+b_evil fires/,
    [fate, '.replaceAll(/[^\\p{L}\\p{N} ._:/-]/gu'],
  ],
  [{ body: sent([alert({}, { alertname: 'x'.repeat(4_096) })]) }, /^422 .*label alertname/, badLabel],
]);
