// How many instances the gate takes for healthy, over real ones that are measured and a database that remembers how they were.
import { expect, test } from 'vitest';
import { gateFacts } from '../../../activities/gate-facts.js';
import { postgresShards } from '../../../adapters/postgres/shards.js';
import { daysAhead, keepDays } from '../../../adapters/postgres/samples.js';
import { gate } from '../../../domain/gate.js';
import { briefOf } from '../../../domain/service.js';
import { configured } from '../../support/configured.js';
import { serve } from '../../support/listen.js';

/** An instance, by its address, that shows this on its page of metrics. */
const instance = async (page: string): Promise<string> =>
  (await serve((_, response) => void response.writeHead(200, { 'content-type': 'text/plain' }).end(page))).slice('http://'.length);

const well = 'up 1\n';
const ill = 'up 0\n';
const unreadable = 'nothing that anybody asked for 1\n';

/** What the gate says to a correction of the first of these, all of which were well two seconds ago. */
async function answerFor(pages: readonly string[], minHealthy: string) {
  const names = await Promise.all(pages.map(instance));
  const { pool, fleet, ports } = await configured(`apiVersion: hale/v1
services:
  shop:
    instances: ${JSON.stringify(names)}
    limits: {minHealthy: ${minHealthy}}
    signals: {up: {scrape: 'http://$instance/', metric: up, per: instance, every: 1s}}
    objectives: {up: {above: 0, for: 0s, silence: 1h}}
    corrections: {restart: {exec: [/bin/true], undo: nothingToRestore, mode: act}}
`);
  const now = Date.now();
  await keepDays(pool, daysAhead(now), now);
  const { generation } = await postgresShards(pool).claim(0);
  const reading = { kind: 'value', at: now - 2_000, value: 1 } as const;
  const earlier = names.map((name) => ({ service: 'shop', instance: name, signal: 'up', reading }));
  await postgresShards(pool).store(0, generation, earlier);
  const [service] = fleet.services;
  const [correction] = service?.corrections ?? [];
  if (service === undefined || correction === undefined) throw new Error('the configuration has a service with a correction');
  const target = { service: 'shop', action: correction.action, timeoutMs: 1_000 };
  const named = { resource: 'exec/true', identity: 'exec/true', proposal: 'p', incident: undefined };
  const considered = { fleet, service, instance: names[0], correction, target, ...named };
  return gate(briefOf(correction), await gateFacts(ports, considered, new AbortController().signal));
}

test('an instance that can not be read now is not healthy, however long its objective forgives silence', async () => {
  expect(await answerFor([unreadable, unreadable, well], '60%')).toMatchObject({
    kind: 'refuse',
    rule: 'minHealthy',
    sentence: 'minHealthy of shop is 60%: 1 of 3 instances would be healthy meanwhile',
  });
});

test('those that are well count, and the one that is acted on does not', async () => {
  expect(await answerFor([unreadable, well, well], '60%')).toMatchObject({ kind: 'act' });
  expect(await answerFor([ill, ill, well], '60%')).toMatchObject({ rule: 'minHealthy' });
});
