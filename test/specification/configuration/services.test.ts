import { expect, test } from 'vitest';
import { complaints, resolved } from '../../support/configuration.js';

/** How sources, targets, instances and each kind of signal and correction resolve. */

const fleet = (service: string): string => `
apiVersion: hale/v1
secrets: {prom: {file: /run/prom}, pg: {env: PG}}
sources:
  prom: {prometheus: 'https://prom.internal/', token: prom, refresh: 30s, maxQueriesPerSecond: 20}
  eu: {kubernetes: inCluster}
teams: {payments: {}}
classes: {web: {objectives: {up: {above: 0}}}}
services:
  shop: {target: {postgres: [a, b], user: hale, password: pg}, ${service}}`;

const shopOf = async (service: string) => (await resolved(fleet(service)))['shop'];

test('a Prometheus signal carries its source with limits and the reference of its token', async () => {
  const shop = await shopOf(`signals: {up: {source: prom, query: 'up{job="$service"}'}}`);
  expect(shop?.signals[0]).toMatchObject({
    kind: 'promql',
    query: 'up{job="$service"}',
    source: { name: 'prom', url: 'https://prom.internal', token: { file: '/run/prom' }, refreshMs: 30_000, queriesPerSecondMax: 20 },
  });
});

test('a signal in SQL and a correction of PostgreSQL connect to the service`s target', async () => {
  const shop = await shopOf(`signals: {n: {sql: select 1}}, corrections: {end: {postgres: terminateRootBlocker}}`);
  const connection = { hosts: ['a', 'b'], port: 5432, role: 'primary', user: 'hale', database: 'postgres', password: { env: 'PG' } };
  expect(shop?.signals[0]).toMatchObject({ kind: 'sql', connection });
  expect(shop?.corrections[0]?.action).toMatchObject({ kind: 'postgres', connection, spare: { users: [], applications: [] } });
});

test('their own target comes before the service`s', async () => {
  const shop = await shopOf(`signals: {n: {sql: select 1, target: {postgres: [c], port: 6432, role: replica, user: eve}}}`);
  expect(shop?.signals[0]).toMatchObject({ connection: { hosts: ['c'], port: 6432, role: 'replica', user: 'eve' } });
});

test.each([true, '/etc/hale/ca.pem'])('a target says whose certificates are taken: %s', async (tls) => {
  const shop = await shopOf(`signals: {n: {sql: select 1, target: {postgres: [c], user: eve, tls: ${tls}}}}`);
  expect(shop?.signals[0]).toMatchObject({ connection: { tls } });
});

test('a scrape names its metric and labels', async () => {
  const shop = await shopOf(`signals: {w: {scrape: 'http://a/metrics', metric: pool_waiting, labels: {pool: main}}}`);
  expect(shop?.signals[0]).toMatchObject({ kind: 'scrape', url: 'http://a/metrics', metric: 'pool_waiting', labels: { pool: 'main' } });
});

test('conditions on other signals resolve to their bounds', async () => {
  const shop = await shopOf(`signals: {t: {exec: [/t]}, e: {exec: [/e], onlyIf: {t: {above: 1}}}}`);
  expect(shop?.signals[1]?.onlyIf).toEqual([{ signal: 't', bound: { above: 1 } }]);
});

test('instances are discovered by their query with the service filled in', async () => {
  const shop = await shopOf(`instances: {source: prom, query: 'up{job="$service"}', by: instance, expect: 40}`);
  expect(shop?.instances).toMatchObject({ kind: 'discovered', query: 'up{job="shop"}', by: 'instance', expect: 40 });
});

test('a signal per instance finds the instances where nobody lists them', async () => {
  const shop = await shopOf(`signals: {up: {source: prom, query: 'up{job="$service"}', per: instance}}`);
  expect(shop?.instances).toMatchObject({ kind: 'discovered', query: 'up{job="shop"}', by: 'instance' });
});

test('programs and requests say how they are undone and found again', async () => {
  const shop = await shopOf(`corrections: {
    run: {exec: [/r, 1], undo: {exec: [/u]}, verify: [/v]},
    call: {http: 'http://a/on', method: PUT, headers: {x: y}, body: b, undo: {http: 'http://a/off', method: DELETE}, verify: 'http://a/is'}}`);
  expect(shop?.corrections).toMatchObject([
    { undo: 'restores', action: { kind: 'exec', argv: ['/r', '1'], undoArgv: ['/u'], verifyArgv: ['/v'] } },
    {
      undo: 'restores',
      action: {
        kind: 'http',
        request: { method: 'PUT', url: 'http://a/on', headers: { x: 'y' }, body: 'b' },
        undoRequest: { method: 'DELETE', url: 'http://a/off', headers: {} },
        verifyUrl: 'http://a/is',
      },
    },
  ]);
});

test('a release goes back to the last good or the one before', async () => {
  const shop = await shopOf(
    `corrections: {a: {release: /srv/current}, b: {release: /srv/current, restore: previous, then: [/r], resource: shop}}`,
  );
  expect(shop?.corrections).toMatchObject([
    { action: { kind: 'release', link: '/srv/current', restore: 'lastGood' } },
    { resource: 'shop', action: { kind: 'release', restore: 'previous', then: ['/r'] } },
  ]);
});

test('what waits has time to wait', async () => {
  const shop = await shopOf(`corrections: {wait: {for: 2m}}`);
  expect(shop?.corrections[0]).toMatchObject({ mode: 'act', timeoutMs: 125_000, action: { kind: 'wait', forMs: 120_000 } });
});

test('a correction for recent changes keeps how recent', async () => {
  const shop = await shopOf(`corrections: {f: {file: /a/b, onlyIf: {changedWithin: 30m}}}`);
  expect(shop?.corrections[0]?.onlyIf).toEqual({ changedWithinMs: 1_800_000 });
});

test.each(['100ms', '7s', '1h', '1d'])('defaults fit whatever the file says: every %s', async (every) => {
  const shop = await shopOf(
    `signals: {up: {exec: [/a], every: ${every}}}, objectives: {up: {above: 0}}, corrections: {r: {exec: [/r]}, wait: {for: 1h}}`,
  );
  const [signal, objective, correction] = [shop?.signals[0], shop?.objectives[0], shop?.corrections[0]];
  expect(signal?.timeoutMs).toBeLessThanOrEqual(signal?.everyMs ?? 0);
  expect(objective?.silenceMs).toBeGreaterThan(signal?.everyMs ?? Infinity);
  expect(correction?.settleMs).toBeGreaterThanOrEqual(signal?.everyMs ?? Infinity);
});

test('a correction has time for as many good readings as its votes ask for', async () => {
  const votes = 'signals: {up: {exec: [/a], every: 20s}}, objectives: {up: {above: 0, votes: 3 of 5}}';
  const shop = await shopOf(`${votes}, corrections: {r: {exec: [/r]}}`);
  expect(shop?.corrections[0]?.settleMs).toBe(80_000);
  expect(await complaints(fleet(`${votes}, corrections: {r: {exec: [/r], within: 50s}}`))).toEqual([
    expect.stringContaining('within: is 50s; allowed: at least 1m'),
  ]);
});

test.each([
  ['within: 30s', 'within: is 30s; allowed: at least 1m, since it takes so long until enough good readings say that an objective is met'],
  ['hold: 2m', 'hold: is 2m; allowed: at least 3m'],
])('a correction that nobody could judge in time is refused: %s', async (time, sentence) => {
  const text = `signals: {up: {exec: [/a], every: 1m}}, objectives: {up: {above: 0}}, corrections: {r: {exec: [/r], ${time}}}`;
  expect(await complaints(fleet(text))).toEqual([expect.stringContaining(sentence)]);
});

test.each([
  ['signals: {s: {source: prm, query: up}}', 'signals.s.source: unknown source "prm"; did you mean prom?'],
  ['signals: {s: {source: eu, query: up}}', 'signals.s.source: is no Prometheus; allowed: prom'],
  ['signals: {s: {query: up}}', 'signals.s: is missing its source; allowed: source: one of prom'],
  ['signals: {s: {scrape: "http://a/"}}', 'signals.s: is missing the metric'],
  ['signals: {s: {every: 1s}}', 'signals.s: does not say what it is; allowed: one of http, scrape, query, sql, exec'],
  ['signals: {s: {exec: [/a], onlyIf: {t: {above: 1}}}}', 'signals.s.onlyIf.t: unknown signal "t"'],
  ['signals: {s: {exec: [/a], onlyIf: {s: {above: 1}}}}', 'signals.s.onlyIf.s: unknown signal "s"'],
  ['signals: {s: {exec: [/a], every: 5m, staleAfter: 1m}}', 'staleAfter: is shorter than every; allowed: at least 5m'],
  ['signals: {s: {exec: [/a], per: instance}}', 'signals.s.per: is instance, but the service has no instances'],
  ['signals: {s: {sql: select 1, target: {postgres: [db]}}}', 'signals.s.target: is missing its user'],
  ['signals: {s: {sql: select 1, target: {postgres: [db], user: eve, tls: ca.pem}}}', 'tls: is "ca.pem"; allowed: an absolute path'],
  ['signals: {s: {sql: select 1, target: {unit: x.service}}}', 'signals.s: needs a PostgreSQL to connect to'],
  ['team: payment', 'services.shop.team: unknown team "payment"; did you mean payments?'],
  ['class: wb', 'services.shop.class: unknown class "wb"; did you mean web?'],
  ['dependsOn: [shop]', 'depends on itself: shop -> shop'],
  ['corrections: {c: {file: /a/b, restore: previous}}', 'corrections.c.restore: is previous; allowed beside file: lastGood'],
  ['corrections: {c: {file: /a/../b}}', 'corrections.c.file: is "/a/../b"; allowed: an absolute path'],
  ['corrections: {c: {exec: [/a], verify: "http://a/"}}', 'corrections.c.verify: is a text; allowed beside exec'],
  ['corrections: {c: {http: "http://a/", verify: [/a]}}', 'corrections.c.verify: is a list; allowed beside http'],
  ['corrections: {c: {http: "http://a/", undo: {exec: [/a]}}}', 'corrections.c.undo: is no undo for http; allowed: {http: URL}'],
  ['corrections: {c: {file: /a/b, undo: {exec: [/a]}}}', 'corrections.c.undo: is no undo for file'],
  ['corrections: {c: {for: 1m, onlyIf: {changedWithin: 5m}}}', 'corrections.c.onlyIf: means nothing beside for'],
  ['corrections: {c: {exec: [/a], http: "http://a/"}}', 'corrections.c.http: stands beside exec; allowed: only one of'],
  ['corrections: {c: {mode: act}}', 'corrections.c: does not say what it is'],
  ['target: {postgres: [a]}', 'services.shop.target: is set twice, first in line 10'],
  ['instances: {source: eu, query: up, by: pod}', 'instances.source: is no Prometheus'],
])('%s is refused with its place', async (service, sentence) => {
  expect(await complaints(fleet(service))).toContainEqual(expect.stringContaining(sentence));
});
