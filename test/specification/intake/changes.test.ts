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

test('of changes under way the newest counts, for an hour, however many that ended came after it', async () => {
  const web = await webOn();
  const began = (minutesAgo: number) => ({ service: 'shop', state: 'started', summary: `${minutesAgo}m`, at: ahead(-minutesAgo * 60_000) });
  await tell(web, [began(61), began(58), began(59)]);
  for (let number = 0; number < 25; number += 1) await tell(web, { service: 'shop', id: `${number}`, summary: 'done' });
  expect(await postgresChanges(web.pool).inProgress('shop')).toMatchObject({ summary: '58m' });
});

test('a change that is told in one list to have ended and to have begun has ended, in whatever order', async () => {
  const web = await webOn();
  const words = (id: string) => ['finished', 'started'].map((state) => ({ service: 'shop', id, summary: state, state }));
  await tell(web, words('a'));
  await tell(web, words('b').reverse());
  expect(await recent(web)).toMatchObject([{ state: 'finished' }, { state: 'finished' }]);
});

const ahead = (ms: number) => new Date(Date.now() + ms).toISOString();

test('a change that has ended by its own times is not under way, whatever its state says', async () => {
  const web = await webOn();
  await tell(web, { service: 'shop', summary: 'rollout', state: 'started', at: ahead(-60_000), finishedAt: ahead(-30_000) });
  expect(await recent(web)).toMatchObject([{ state: 'finished' }]);
  expect(await postgresChanges(web.pool).inProgress('shop')).toBeUndefined();
});

test('a change that ends before it begins, began in year 1 or begins days ahead is refused with a sentence', async () => {
  const web = await webOn();
  const impossible = [{ at: ahead(-30_000), finishedAt: ahead(-60_000) }, { at: '0001-01-01T00:00:00Z' }, { at: ahead(90_000_000) }];
  const answer = await tell(
    web,
    impossible.map((times) => ({ service: 'shop', summary: 'x', ...times })),
  );
  expect(answer).toMatchObject({ status: 422, body: { refused: impossible.map(() => ({ code: 'badTime' })) } });
  expect(answer.body.error?.message).toMatch(/^no change was kept: finishedAt is .*, before at, which is /);
  expect(await recent(web)).toEqual([]);
});

test('a time hours ahead is taken as now, and that is said', async () => {
  const web = await webOn();
  const before = Date.now();
  const { body } = await tell(web, [
    { service: 'shop', reference: 'v1', at: ahead(36_000_000) },
    { service: 'shop', reference: 'v2', at: ahead(-60_000), finishedAt: ahead(36_000_000) },
  ]);
  expect(body).toMatchObject({
    kept: 2,
    warnings: ["a time of 2 lies ahead of this clock and was taken as now: check the sender's clock"],
  });
  const times = (await recent(web)).flatMap(({ at, finishedAt = at }) => [at, finishedAt]);
  expect(times.every((at) => at <= Date.now() && at >= before - 61_000)).toBe(true);
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
