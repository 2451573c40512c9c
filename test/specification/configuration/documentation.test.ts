import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { complaints, resolved } from '../../support/configuration.js';

/** docs/configuration.md is held to what the code does. */

const page = await readFile(fileURLToPath(new URL('../../../docs/configuration.md', import.meta.url)), 'utf8');

test('the file in the documentation is valid', async () => {
  const [, file = ''] = /```yaml\n(.*?)```/s.exec(page) ?? [];
  expect(file).toContain('apiVersion: hale/v1');
  expect(await complaints(file)).toEqual([]);
});

const bare = `
apiVersion: hale/v1
services:
  shop:
    target: {postgres: [db], user: hale}
    signals: {up: {http: 'http://a/'}, slow: {exec: [/a], every: 1m}}
    objectives: {up: {above: 0}, slow: {below: 1}}
    corrections: {wait: {for: 60s}, call: {http: 'http://a/'}, end: {postgres: cancelQuery}}
`;

test('the defaults are those of the documentation', async () => {
  const { shop } = await resolved(bare);
  expect(shop).toMatchObject({
    order: 'learned',
    limits: { attemptsMax: 5, escalateAfterMs: 300_000, approvalExpiryMs: 900_000, pauseMsMax: 28_800_000 },
    signals: [
      { everyMs: 15_000, timeoutMs: 5_000, perInstance: false, staleAfterMs: 60_000, measure: 'ok', expect: { status: 200 } },
      { everyMs: 60_000, timeoutMs: 5_000, staleAfterMs: 180_000, plugin: false },
    ],
    objectives: [
      { forMs: 30_000, votes: { bad: 1, of: 1 }, silenceMs: 75_000, holdMs: 120_000 },
      { silenceMs: 300_000, holdMs: 180_000 },
    ],
    corrections: [
      { mode: 'act', undo: 'nothingToRestore', repeatable: true, cooldownMs: 0 },
      {
        mode: 'observe',
        undo: 'irreversible',
        repeatable: false,
        settleMs: 120_000,
        holdMs: 180_000,
        timeoutMs: 30_000,
        cooldownMs: 60_000,
      },
      { undo: 'nothingToRestore', action: { olderThanMs: 60_000, connection: { port: 5432, role: 'primary', database: 'postgres' } } },
    ],
  });
});

test('limits for all stand in the policy itself, and only what it sets binds services', async () => {
  expect(page).toContain('`policy: {attempts: 3}`');
  const withPolicy = (policy: string) => bare.replace('services:', `policy: {${policy}}\nservices:`);
  expect(await complaints(withPolicy('limits: {attempts: 3}'))).toEqual([expect.stringContaining('unknown key "limits"')]);
  const looser = withPolicy('attempts: 3').replace('  shop:', '  shop:\n    limits: {attempts: 2, escalateAfter: 1h}');
  expect((await resolved(looser)).shop?.limits).toMatchObject({ attemptsMax: 2, escalateAfterMs: 3_600_000 });
});

test('a latency counts whatever was answered', async () => {
  const { shop } = await resolved(bare.replace("'http://a/'}, slow", "'http://a/', measure: latency}, slow"));
  expect(shop?.signals[0]).toMatchObject({ measure: 'latency', expect: {} });
});

test.each([
  ['500ms', 0.5],
  ['2%', 0.02],
  ['99.9%', 0.999],
  ['1h', 3600],
  ['-5', -5],
  ['1e3', 1000],
])('a bound of %s is %d', async (text, bound) => {
  const { shop } = await resolved(bare.replace('below: 1}', `below: ${text}}`));
  expect(shop?.objectives[1]?.bound).toEqual({ below: bound });
});

test.each(['-5s', '5 %', 'fast', "''", '.inf', 'true', '1.5s', '[1]'])('a bound of %s is refused', async (text) => {
  expect(await complaints(bare.replace('below: 1}', `below: ${text}}`))).toEqual([
    expect.stringContaining('services.shop.objectives.slow.below'),
  ]);
});
