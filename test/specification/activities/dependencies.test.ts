// How a diagnosis sees a dependency whose instances are judged one by one, over real services.
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { diagnoseService } from '../../../activities/diagnose-service.js';
import { postgresShards } from '../../../adapters/postgres/shards.js';
import { daysAhead, keepDays } from '../../../adapters/postgres/samples.js';
import type { Diagnosed } from '../../../contracts/activities.js';
import { configured } from '../../support/configured.js';
import { serve } from '../../support/listen.js';

const isUp = (up: boolean): Promise<string> => serve((_, response) => void response.writeHead(up ? 200 : 503).end());

/** A shop on a database of these instances, which answer under their own addresses, and what the whole of it says of itself. */
async function shopOn(members: readonly string[], { whole = '', instances = JSON.stringify(members), lasting = '0s' } = {}) {
  const { pool, ports } = await configured(`apiVersion: hale/v1
sources:
  prom: {prometheus: 'http://127.0.0.1:9'}
services:
  shop:
    signals: {up: {http: 'http://127.0.0.1:9/', every: 1s}}
    objectives: {up: {above: 0}}
    dependsOn: [database]
  database:
    instances: ${instances}
    signals:
      up: {http: 'http://$instance/', per: instance, every: 1s, expect: {status: 200}}
      ${whole && `whole: {http: '${whole}', every: 1s, expect: {status: 200}}`}
    objectives:
      up: {above: 0, for: ${lasting}}
      ${whole && 'whole: {above: 0, for: 0s}'}
`);
  const input = { service: 'shop', configVersion: 'v1', cycle: 'cycle-1', findings: [] };
  const broken = async (): Promise<readonly string[]> => {
    const { diagnosis }: Diagnosed = await new MockActivityEnvironment().run(diagnoseService(ports), input);
    return diagnosis.brokenDependencies;
  };
  return { pool, broken };
}

const addressOf = (url: string): string => url.slice('http://'.length);
const up = async (): Promise<string> => addressOf(await isUp(true));
const down = async (): Promise<string> => addressOf(await isUp(false));

test('a dependency is broken when one of its instances is', async () => {
  const { broken } = await shopOn([await up(), await down()]);
  expect(await broken()).toEqual(['database']);
});

test('a dependency is broken when one of its instances is in doubt', async () => {
  const { broken } = await shopOn([await down(), await up()], { lasting: '10m' });
  expect(await broken()).toEqual(['database']);
});

test('a dependency whose instances are all well is nothing to wait for', async () => {
  const { broken } = await shopOn([await up(), await up()], { whole: await isUp(true) });
  expect(await broken()).toEqual([]);
});

test('a dependency with well instances is broken when the whole is', async () => {
  const { broken } = await shopOn([await up()], { whole: await isUp(false) });
  expect(await broken()).toEqual(['database']);
});

test('discovered instances of a dependency are those measured lately', async () => {
  const discovered = '{source: prom, query: up, by: instance}';
  const { pool, broken } = await shopOn([], { instances: discovered });
  expect(await broken()).toEqual([]);
  const now = Date.now();
  await keepDays(pool, daysAhead(now), now);
  const { generation } = await postgresShards(pool).claim(0);
  const reading = { kind: 'value', at: now - 2_000, value: 1 } as const;
  await postgresShards(pool).store(0, generation, [{ service: 'database', instance: await down(), signal: 'up', reading }]);
  expect(await broken()).toEqual(['database']);
});
