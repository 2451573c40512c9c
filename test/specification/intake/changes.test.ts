// The change feed over real HTTP and a real database: who may tell what, and what becomes of it.
import { expect, test } from 'vitest';
import { postgresChanges } from '../../../adapters/postgres/changes.js';
import { alertmanagerToken, changesToken, webOn, type Web } from '../../support/intake.js';

const EVENT = 'application/cloudevents+json';
const tell = (web: Web, body: unknown, headers = {}) =>
  web.post('/api/changes', JSON.stringify(body), { authorization: `Bearer ${changesToken}`, ...headers });
const recent = (web: Web) => postgresChanges(web.pool).recent('shop', 0);

test('a change is kept before it is answered, and the same again is known', async () => {
  const web = await webOn();
  const deploy = { service: 'shop', kind: 'deploy', reference: 'v2', summary: 'shop v2', by: 'ada' };
  expect(await tell(web, deploy)).toMatchObject({ status: 200, body: { kept: 1, known: 0 } });
  expect((await tell(web, [deploy, deploy])).body).toMatchObject({ kept: 0, known: 2 });
  expect(await recent(web)).toMatchObject([{ ...deploy, source: 'ci', state: 'finished' }]);
});

test('a change that began is under way until it ends, in whatever order that is told', async () => {
  const web = await webOn();
  const rollout = { service: 'shop', id: 'run-7', summary: 'rollout' };
  const inProgress = () => postgresChanges(web.pool).inProgress('shop');
  await tell(web, { ...rollout, state: 'started' });
  expect(await inProgress()).toMatchObject({ state: 'started', summary: 'rollout' });
  await tell(web, { ...rollout, state: 'failed' });
  await tell(web, { ...rollout, state: 'started' });
  expect(await inProgress()).toBeUndefined();
  expect(await recent(web)).toMatchObject([{ state: 'failed' }]);
});

test('a change that began long ago and never ended is under way no more', async () => {
  const web = await webOn();
  await tell(web, { service: 'shop', summary: 'rollout', state: 'started', at: new Date(Date.now() - 2 * 3_600_000).toISOString() });
  expect(await postgresChanges(web.pool).inProgress('shop')).toBeUndefined();
});

test('a change of a service that is not configured, or that means nothing, is refused alone', async () => {
  const web = await webOn();
  const bad = [
    { service: 'till', summary: 'x' },
    { summary: 'x' },
    { service: 'shop' },
    { service: 'shop', summary: 'x', kind: 'magic' },
    { service: 'shop', summary: 'x', state: 'done' },
    { service: 'shop', summary: 'x', at: 'yesterday' },
    { service: 'shop', summary: 'a\0b' },
    { service: 'shop', summary: 'x'.repeat(501) },
    7,
  ];
  const answer = await tell(web, [...bad, { service: 'shop', summary: 'good' }]);
  expect(answer).toMatchObject({ status: 200, body: { kept: 1, refused: bad.map((_, index) => ({ change: index, status: 422 })) } });
  expect((await tell(web, bad)).status).toBe(422);
  expect(
    (
      await tell(
        web,
        Array.from({ length: 101 }, () => bad[0]),
      )
    ).status,
  ).toBe(413);
});

test('only a source of changes may tell changes', async () => {
  const web = await webOn();
  const deploy = { service: 'shop', summary: 'x' };
  expect((await tell(web, deploy, { authorization: `Bearer ${alertmanagerToken}` })).status).toBe(401);
  expect(await recent(web)).toEqual([]);
});

test('CloudEvents and CDEvents say what was deployed, and when a run began and ended', async () => {
  const web = await webOn();
  const event = { specversion: '1.0', id: 'e-1', source: '/ci', time: new Date(Date.now() - 60_000).toISOString() };
  const cd = (verb: string, subject: unknown, more = {}) => ({
    ...event,
    id: verb,
    type: `dev.cdevents.${verb}.0.2.0`,
    data: { context: {}, subject, ...more },
  });
  const headers = { 'content-type': EVENT };
  await tell(web, { ...event, type: 'io.example.flag', subject: 'shop', data: { kind: 'configuration', summary: 'flag on' } }, headers);
  await tell(web, cd('service.deployed', { id: '/prod/shop', content: { artifactId: 'pkg:oci/shop@v3' } }), headers);
  await tell(web, cd('pipelinerun.started', { id: 'run-9' }, { customData: { service: 'shop' } }), headers);
  const changes = await recent(web);
  expect(changes).toHaveLength(3);
  expect(changes).toContainEqual(expect.objectContaining({ kind: 'configuration', summary: 'flag on', state: 'finished' }));
  expect(changes).toContainEqual(expect.objectContaining({ kind: 'deploy', reference: 'pkg:oci/shop@v3', state: 'finished' }));
  expect(await postgresChanges(web.pool).inProgress('shop')).toMatchObject({ summary: 'pipelinerun started' });
  await tell(
    web,
    cd('pipelinerun.finished', { id: 'run-9', content: { outcome: 'failure' } }, { customData: { service: 'shop' } }),
    headers,
  );
  expect(await postgresChanges(web.pool).inProgress('shop')).toBeUndefined();
});
