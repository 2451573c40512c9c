// Drives the built `hale` command against a real PostgreSQL, with Temporal and every worker down.
import { createServer, type AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import * as wire from '../../contracts/cli.js';
import { storeConfiguration } from '../../adapters/postgres/configurations.js';
import { postgresControls } from '../../adapters/postgres/controls.js';
import type { Service } from '../../domain/service.js';
import { freshDatabase } from '../support/database.js';
import { dataOf, failureOf, hale } from '../support/hale-command.js';
import { closed, shopConfigured, shopEffect, shopIncident, shopMeasured } from '../support/recorded.js';

/** An address of which it is sure that nobody listens there. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hale-cli-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** A database with hale in it, and a state folder that says so; its Temporal is down. */
async function down() {
  const { pool, url } = await freshDatabase();
  const state = await emptyFolder();
  const temporal = { address: `127.0.0.1:${await closedPort()}`, namespace: 'default', ui: null };
  const run = { processes: [], temporal, database: { url }, web: { url: null }, config: 'hale.yaml' };
  await writeFile(join(state, 'run.json'), JSON.stringify(run));
  return { pool, url, at: ['--state', state] };
}

test('stop works while Temporal and every worker are down', { timeout: 60_000 }, async () => {
  const { pool, at } = await down();
  const first = await hale(['stop', '--all', '--by', 'ada', '--reason', 'too much', ...at]);
  expect(first).toMatchObject({ code: 0 });
  expect(first.stdout).toContain('automation is stopped');
  expect(await postgresControls(pool).stopped()).toBe(true);
  expect(dataOf(wire.stopped, await hale(['stop', '--json', ...at])).already).toMatchObject({ by: 'ada' });
  const resumed = await hale(['resume', '--all', ...at]);
  expect(resumed).toMatchObject({ code: 0 });
  expect(resumed.stdout).toContain('stopped by ada');
  expect(await postgresControls(pool).stopped()).toBe(false);
});

test('kill switch abuse: with four eyes whoever pressed stop is told that somebody else must lift it', { timeout: 60_000 }, async () => {
  const { pool, at } = await down();
  const fleet = { version: 'v1', environment: 'test', services: [], notYetActive: [], policy: { resume: { fourEyes: true } } };
  await storeConfiguration(pool, fleet, 'hale.yaml', 'test');
  await hale(['stop', '--by', 'ada', ...at]);
  const own = await hale(['resume', '--all', '--by', 'ada', '--json', ...at]);
  expect(own.code).toBe(6);
  expect(failureOf(own).message).toContain('ada stopped automation: somebody else must lift the stop');
  expect(await postgresControls(pool).stopped()).toBe(true);
  expect(await hale(['resume', '--all', '--by', 'bob', ...at])).toMatchObject({ code: 0 });
  expect(await postgresControls(pool).stopped()).toBe(false);
});

test('stop tells what was in flight and how to undo or keep what is half done', { timeout: 60_000 }, async () => {
  const { pool, at } = await down();
  const incident = await shopIncident(pool, await shopConfigured(pool));
  await shopEffect(pool, { incident, actionId: 'cycle-1/1/last-good' }, ['intended', 'applied']);
  await shopEffect(pool, { incident, actionId: 'cycle-1/2/restart' }, ['intended']);
  await shopEffect(pool, { incident, actionId: 'cycle-1/3/other' }, ['intended', 'applied', 'adopted']);
  const said = dataOf(wire.stopped, await hale(['stop', '--json', ...at]));
  expect(said.inFlight).toEqual([
    { actionId: 'cycle-1/2/restart', service: 'shop', correction: 'last-good', before: 'intended', after: 'intended' },
  ]);
  expect(said.halfDone.map(({ actionId, state }) => [actionId, state])).toEqual([
    ['cycle-1/1/last-good', 'applied'],
    ['cycle-1/2/restart', 'intended'],
  ]);
  expect(said.halfDone[0]).toMatchObject({
    undo: `hale resume --all && hale abort ${incident}; or, if its cycle has ended: hale resume --all && hale heal shop`,
    keep: `hale takeover ${incident}; or, if its cycle has ended: nothing to do: it stays until a cycle of shop runs`,
  });
  await closed(pool, incident, 'escalated', 'nothing can be measured');
  const later = await hale(['stop', '--json', ...at]);
  expect(dataOf(wire.stopped, later).halfDone[0]).toMatchObject({ undo: 'hale resume --all && hale heal shop' });
});

test('stop sends nobody to a service that is not configured', { timeout: 60_000 }, async () => {
  const { pool, at } = await down();
  const fleet = await shopConfigured(pool);
  const incident = await shopIncident(pool, fleet);
  await shopEffect(pool, { incident, actionId: 'cycle-1/1/last-good' }, ['intended', 'applied']);
  await closed(pool, incident, 'escalated', 'nothing can be measured');
  await storeConfiguration(pool, { ...fleet, version: 'v2', services: [] }, 'hale.yaml', 'test');
  expect(dataOf(wire.stopped, await hale(['stop', '--json', ...at])).halfDone).toMatchObject([
    { undo: 'put shop back into the configuration, then: hale resume --all && hale heal shop' },
  ]);
});

test('a held service tells what is measured, why it is held and how to go on', { timeout: 60_000 }, async () => {
  const { pool, at } = await down();
  const incident = await shopIncident(pool, await shopConfigured(pool));
  await postgresControls(pool).hold('shop', undefined, 'escalated', incident);
  await closed(pool, incident, 'escalated', 'nothing helped');
  await shopMeasured(pool, [1, 0]);
  const seen = dataOf(wire.status, await hale(['status', '--json', ...at]));
  const why = `held since ${incident} ended escalated (nothing helped): hale resume shop`;
  const measured = { state: 'degraded', sentence: 'up is 0, wanted above 0' };
  expect(seen.services).toMatchObject([{ state: 'held', why, measured }]);
  expect(seen.heldIncidents).toMatchObject([
    { id: incident, outcome: 'escalated', sentence: 'nothing helped', next: 'look at it, repair what is broken, then: hale resume shop' },
  ]);
  const text = (await hale(['status', ...at])).stdout;
  expect(text).toContain('1 service: 1 held, 1 of them broken');
  expect(text).toMatch(new RegExp(`^${incident} +shop +held +escalated .*nothing helped; .*hale resume shop$`, 'm'));
  expect(text).toMatch(/^shop +held +up is 0, wanted above 0 +held since/m);
  await hale(['resume', 'shop', ...at]);
  expect(dataOf(wire.status, await hale(['status', '--json', ...at])).heldIncidents).toEqual([]);
});

test('a stranded effect is shown until a person has resumed its service', { timeout: 60_000 }, async () => {
  const { pool, at } = await down();
  const fleet = await shopConfigured(pool);
  const first = await shopIncident(pool, fleet);
  await shopEffect(pool, { incident: first, actionId: 'cycle-1/1/last-good' }, ['intended', 'unknown', 'stranded']);
  await postgresControls(pool).hold('shop', undefined, 'stranded', first);
  await closed(pool, first, 'stranded', 'nobody can tell');
  const second = await shopIncident(pool, fleet, 'cycle-2');
  await postgresControls(pool).hold('shop', undefined, 'escalated', second);
  await closed(pool, second, 'escalated', 'nothing helped', 'cycle-2');
  const seen = dataOf(wire.status, await hale(['status', '--json', ...at]));
  expect(seen.heldIncidents.map(({ id }) => id)).toEqual([second, first]);
  const resource = 'file//etc/shop/shop.conf';
  expect(seen.strandedEffects).toMatchObject([
    { actionId: 'cycle-1/1/last-good', incident: first, resource, next: `look at ${resource}, then: hale resume shop` },
  ]);
  expect((await hale(['status', ...at])).stdout).toContain('STRANDED');
  const { halfDone } = dataOf(wire.stopped, await hale(['stop', '--json', ...at]));
  const keep = 'hale resume shop';
  expect(halfDone).toMatchObject([{ state: 'stranded', undo: `look at ${resource}, put it right by hand, then: ${keep}`, keep }]);
  await hale(['resume', 'shop', ...at]);
  expect(dataOf(wire.status, await hale(['status', '--json', ...at])).strandedEffects).toEqual([]);
  expect(dataOf(wire.stopped, await hale(['stop', '--json', ...at])).halfDone).toEqual([]);
});

test('what is frozen is named by status until it thaws, for each service that went for it', { timeout: 60_000 }, async () => {
  const { pool, at } = await down();
  const fleet = await shopConfigured(pool);
  const services = fleet.services.flatMap((shop) => ['shop', 'till', 'mail'].map((name) => ({ ...shop, name })));
  await storeConfiguration(pool, { ...fleet, version: 'v2', services }, 'hale.yaml', 'test');
  const incident = await shopIncident(pool, fleet);
  await closed(pool, incident, 'refused', 'last-good was turned back');
  await shopMeasured(pool, [1, 0]);
  const seen = async () => dataOf(wire.status, await hale(['status', '--json', ...at])).services;
  for (const actionId of ['cycle-1/1/last-good', 'cycle-1/2/last-good']) {
    expect(await seen()).toMatchObject([{ why: 'up is 0, wanted above 0', frozen: null }, { frozen: null }, { frozen: null }]);
    await shopEffect(pool, { incident, actionId }, ['intended', 'applied', 'undone']);
  }
  await shopEffect(pool, { incident, actionId: 'cycle-2/1/last-good', service: 'till' }, []);

  const resource = 'file//etc/shop/shop.conf';
  const { rows } = await pool.query<{ until: Date }>(
    `select date_trunc('milliseconds', min(intended_at) + interval '1 hour 500 microseconds') as until from effects`,
  );
  const until = rows[0]?.until.toISOString() ?? '';
  const why = `frozen: ${resource} was turned back 2 times within 1h: only a person touches it until ${until.replace(/\.\d+Z$/, 'Z')}`;
  const next = `repair it by hand, or find out what turns it: hale incidents ${incident}`;
  const frozen = { resource, until, incident };
  expect(await seen()).toMatchObject([
    { name: 'shop', state: 'degraded', why: `${why}; ${next}`, frozen, measured: { sentence: 'up is 0, wanted above 0' } },
    { name: 'till', state: 'noData', why: `${why}; ${next}`, frozen },
    { name: 'mail', state: 'noData', frozen: null },
  ]);
  expect((await hale(['status', ...at])).stdout).toMatch(
    /^shop +degraded +up is 0, wanted above 0 +frozen: .* until .*hale incidents inc-\d+$/m,
  );

  await pool.query(`update effects set intended_at = intended_at - interval '1 hour'`);
  expect(await seen()).toMatchObject([
    { state: 'degraded', why: 'up is 0, wanted above 0', frozen: null },
    { frozen: null },
    { frozen: null },
  ]);
});

test('status is ok only on evidence, and says what is broken or missing', { timeout: 60_000 }, async () => {
  const { pool, at } = await down();
  await shopConfigured(pool);
  const shop = async () => dataOf(wire.status, await hale(['status', '--json', ...at])).services[0];
  expect(await shop()).toMatchObject({ name: 'shop', state: 'noData' });
  await shopMeasured(pool, [1, 1, 1]);
  expect(await shop()).toMatchObject({ state: 'ok' });
  await shopMeasured(pool, [1, 0]);
  expect(await shop()).toMatchObject({ state: 'degraded', why: 'up is 0, wanted above 0' });
  await postgresControls(pool).hold('shop', undefined, 'escalated', 'inc-1');
  expect(await shop()).toMatchObject({ state: 'held' });
  await hale(['pause', 'shop', '--for', '30m', '--by', 'ada', ...at]);
  expect(await shop()).toMatchObject({ state: 'paused', why: expect.stringContaining('paused by ada until') });
  await hale(['stop', ...at]);
  expect(await shop()).toMatchObject({ state: 'stopped', measured: { state: 'degraded', sentence: 'up is 0, wanted above 0' } });
});

test('status --check exits 7 when something needs a person', { timeout: 60_000 }, async () => {
  const { pool, at } = await down();
  await shopConfigured(pool);
  expect(await hale(['status', ...at])).toMatchObject({ code: 0 });
  expect(await hale(['status', '--check', ...at])).toMatchObject({ code: 7 });
});

test('a hale that is still starting says so, and not that nothing is configured', { timeout: 60_000 }, async () => {
  const { pool, at } = await down();
  const file = join(at[1] ?? '', 'run.json');
  const run = JSON.parse(await readFile(file, 'utf8')) as object;
  const nothing = await hale(['status', ...at]);
  expect(nothing.stdout).toContain('0 services: no configuration was taken up yet (hale up --config hale.yaml)');
  const processes = [{ role: 'main', pid: process.pid }];
  await writeFile(file, JSON.stringify({ ...run, processes }));
  expect((await hale(['status', ...at])).stdout).toContain('hale is still starting: its configuration was not taken up yet');
  expect(dataOf(wire.status, await hale(['status', '--json', ...at]))).toMatchObject({ starting: true, services: [] });
  await shopConfigured(pool);
  expect(dataOf(wire.status, await hale(['status', '--json', ...at]))).toMatchObject({ starting: false, services: [{ name: 'shop' }] });
  await writeFile(file, JSON.stringify({ ...run, processes, database: null }));
  const early = await hale(['status', '--json', ...at]);
  expect(early).toMatchObject({ code: 5 });
  expect(failureOf(early).message).toBe('hale is still starting: its database is not up yet');
  const url = `postgres://hale@127.0.0.1:${await closedPort()}/hale`;
  await writeFile(file, JSON.stringify({ ...run, processes, database: { url } }));
  expect(failureOf(await hale(['status', '--json', ...at])).hint).toContain('hale may still be starting');
});

test('incidents tell each attempt with its verdict and whether it was undone', { timeout: 60_000 }, async () => {
  const { pool, at } = await down();
  const incident = await shopIncident(pool, await shopConfigured(pool));
  await shopEffect(pool, { incident, actionId: 'cycle-1/1/last-good' }, ['intended', 'applied', 'undone']);
  await shopEffect(pool, { incident, actionId: 'cycle-1/2/other' }, []);
  await closed(pool, incident, 'healed', 'last-good held');
  const [one] = dataOf(wire.incidents, await hale(['incidents', '--json', ...at]));
  expect(one).toMatchObject({
    id: incident,
    service: 'shop',
    instance: null,
    workflowId: 'heal/shop/-',
    outcome: 'healed',
    attempts: [{ actionId: 'cycle-1/1/last-good', correction: 'last-good', verdict: null, undone: true }],
  });
  const detail = dataOf(wire.incidentDetail, await hale(['incidents', incident, '--json', ...at]));
  expect(detail.events.map(({ kind }) => kind)).toEqual([
    'cycle.opened',
    'effect.intended',
    'effect.applied',
    'effect.undone',
    'cycle.closed',
  ]);
  expect(dataOf(wire.incidents, await hale(['incidents', '--open', '--json', ...at]))).toEqual([]);
  expect(dataOf(wire.incidents, await hale(['incidents', '--since', '1h', '--service', 'shop', '--json', ...at]))).toHaveLength(1);
});

test('an attempt without a verdict is told by its state and never as open', { timeout: 60_000 }, async () => {
  const { pool, at } = await down();
  const incident = await shopIncident(pool, await shopConfigured(pool));
  await shopEffect(pool, { incident, actionId: 'cycle-1/1/a' }, ['intended', 'applied', 'adopted']);
  await shopEffect(pool, { incident, actionId: 'cycle-1/2/b' }, ['intended', 'unknown', 'stranded']);
  await shopEffect(pool, { incident, actionId: 'cycle-1/3/c' }, ['intended', 'applied', 'undone']);
  const list = (await hale(['incidents', ...at])).stdout;
  expect(list).toMatch(/last-good adopted, last-good stranded, last-good undone$/m);
});

test('the time that a relapse took is told with the number of its cycles', { timeout: 60_000 }, async () => {
  const { pool, at } = await down();
  const fleet = await shopConfigured(pool);
  const incident = await shopIncident(pool, fleet);
  expect((await hale(['incidents', ...at])).stdout).not.toContain('cycles');
  expect(await shopIncident(pool, fleet, 'cycle-2')).toBe(incident);
  expect((await hale(['incidents', ...at])).stdout).toMatch(/ \d+s over 2 cycles /);
  expect(dataOf(wire.incidents, await hale(['incidents', '--json', ...at]))).toMatchObject([{ id: incident, cycleCount: 2 }]);
});

test('text from outside can not move the cursor or turn the text of a terminal', { timeout: 60_000 }, async () => {
  const { pool, at } = await down();
  const incident = await shopIncident(pool, await shopConfigured(pool));
  const hostile = 'a\u001b[2J\u009b31m\r\nb\u202ec';
  await shopEffect(pool, { incident, actionId: 'cycle-1/1/x', summary: hostile }, ['intended']);
  await closed(pool, incident, 'escalated', hostile);
  const unprintable = /(?!\n)[\p{Cc}\p{Cf}]/u;
  const text = (await hale(['incidents', incident, ...at])).stdout;
  expect(text).not.toMatch(unprintable);
  const json = await hale(['incidents', incident, '--json', ...at]);
  expect(json.stdout).not.toMatch(unprintable);
  expect(dataOf(wire.incidentDetail, json).sentence).toBe(hostile);
});

test('what is not there is exit code 3, and the sentence names what is', { timeout: 60_000 }, async () => {
  const { pool, at } = await down();
  await shopConfigured(pool);
  const incident = await hale(['incidents', 'inc-404', '--json', ...at]);
  expect(incident).toMatchObject({ code: 3 });
  expect(failureOf(incident)).toMatchObject({ code: 'notFound', message: 'there is no incident inc-404' });
  const service = await hale(['pause', 'shap', ...at]);
  expect(service).toMatchObject({ code: 3 });
  expect(service.stderr).toContain('there are: shop');
});

test('an instance that is not listed is not found, before any cycle is asked for', { timeout: 60_000 }, async () => {
  const { pool, at } = await down();
  const fleet = await shopConfigured(pool);
  const healing = async (...more: string[]) => failureOf(await hale(['heal', 'shop', ...more, '--json', ...at]));
  expect(await healing('--instance', 'a')).toMatchObject({ code: 'notFound', message: 'shop has no instances, and so no a' });
  const withInstances = (instances: Service['instances']) =>
    storeConfiguration(
      pool,
      { ...fleet, version: instances?.kind ?? '', services: fleet.services.map((one) => ({ ...one, ...(instances && { instances }) })) },
      'hale.yaml',
      'test',
    );
  await withInstances({ kind: 'listed', names: ['a', 'b'] });
  const unknown = { code: 'notFound', message: 'shop has no instance c', hint: 'there are: a, b' };
  expect(await healing('--instance', 'c')).toMatchObject(unknown);
  expect(await healing('--instance', 'c', '--dry-run')).toMatchObject(unknown);
  expect(await healing('--instance', 'b')).toMatchObject({ code: 'unreachable' });
  await withInstances({
    kind: 'discovered',
    source: { name: 'p', url: 'http://127.0.0.1:9', refreshMs: 1_000, queriesPerSecondMax: 1 },
    query: 'up',
    by: 'pod',
  });
  expect(await healing('--instance', 'pod 1')).toMatchObject({ code: 'usage', message: expect.stringContaining('--instance is "pod 1"') });
  expect(await healing('--instance', 'pod-1')).toMatchObject({ code: 'unreachable' });
});

test.each(['', 'ada\nbob'])('nothing is ordered in the name %j', { timeout: 60_000 }, async (by) => {
  const { pool, at } = await down();
  await shopConfigured(pool);
  const paused = await hale(['pause', 'shop', '--by', by, '--json', ...at]);
  expect(paused).toMatchObject({ code: 2 });
  expect(failureOf(paused).message).toMatch(/^--by is ".*": a name of 1 to 200 characters/);
  expect(await postgresControls(pool).paused('shop')).toBeUndefined();
});

test('who pauses or works for a shorter time than another is told whose time holds', { timeout: 60_000 }, async () => {
  const { pool, at } = await down();
  await shopConfigured(pool);
  const said = async (...words: string[]) => (await hale([...words, ...at])).stdout;
  await said('pause', 'shop', '--for', '2h', '--by', 'ada');
  expect(await said('pause', 'shop', '--for', '2s', '--by', 'bob')).toMatch(/^ada's pause of shop holds until .*Z, longer than yours$/m);
  expect(await postgresControls(pool).paused('shop')).toMatchObject({ by: 'ada' });
  expect(await said('pause', 'shop', '--for', '3h', '--by', 'bob')).toContain("in the place of ada's, which would have ended");
  await said('work', 'shop', '--for', '2h', '--by', 'ada');
  expect(await said('work', 'shop', '--by', 'bob')).toMatch(/^ada works on shop until .*Z, longer than yours/);
  const refused = failureOf(await hale(['work', 'shop', '--done', '--by', 'bob', '--json', ...at]));
  expect(refused).toMatchObject({ code: 'refused', hint: 'end it all the same: hale work shop --done --of ada' });
  expect(refused.message).toMatch(/^ada works on shop until .*Z, which is not yours$/);
  expect(await said('work', 'shop', '--done', '--of', 'ada', '--by', 'bob')).toContain('the work of ada on shop is over');
  expect(await said('work', 'shop', '--done', '--by', 'bob')).toContain('nobody works on shop');
});

test('wrong usage is exit code 2 and never a question', { timeout: 60_000 }, async () => {
  const { pool, at } = await down();
  await shopConfigured(pool);
  for (const args of [['pause'], ['approve', 'inc-1'], ['nonsense'], ['resume'], ['status', '--colour'], ['replay']]) {
    expect(await hale([...args, ...(args.length > 1 ? at : [])]), args.join(' ')).toMatchObject({ code: 2 });
  }
  const pause = await hale(['pause', 'shop', '--for', '5 m', '--json', ...at]);
  expect(pause).toMatchObject({ code: 2 });
  expect(failureOf(pause).message).toBe('--for is "5 m": a duration above 0 and at most 36500d is allowed, for example 30m or 1h30m');
});

test.each([
  [['incidents', '--limit'], '1e20', 'a whole number from 1 to 10000 is allowed, for example --limit 20'],
  [['incidents', '--limit'], '0', 'a whole number from 1 to 10000 is allowed'],
  [['incidents', '--limit'], '', 'a whole number from 1 to 10000 is allowed'],
  [['incidents', '--since'], '99999999999999d', 'at most 36500d is allowed, for example 30m'],
  [['pause', 'all', '--for'], '99999999999999d', 'at most 36500d is allowed, for example 30m'],
  [['pause', 'all', '--for'], `${'9'.repeat(40)}d`, 'at most 36500d is allowed, for example 30m'],
])('%j %s is refused in a sentence that says what is allowed', { timeout: 60_000 }, async (args, value, allowed) => {
  const { pool, at } = await down();
  await shopConfigured(pool);
  const ran = await hale([...args, value, '--json', ...at]);
  expect(ran).toMatchObject({ code: 2 });
  expect(failureOf(ran).message).toContain(allowed);
  expect(ran.stderr).toBe('');
});

test.each([
  ['run', '--seed', '1e20'],
  ['run', '--runs', '0'],
  ['run', '--watch', ''],
  ['prove', '--seed', 'x'],
  ['demo', '--seed', '-1'],
])('hale lab %s %s %j is refused in a sentence before anything starts', { timeout: 60_000 }, async (command, option, value) => {
  const ran = await hale(['lab', command, `${option}=${value}`]);
  expect(ran).toMatchObject({ code: 2, stdout: '' });
  expect(ran.stderr).toMatch(
    new RegExp(`^hale lab: ${option} is ${JSON.stringify(value)}; a whole number from [01] to 999999999 is allowed.*\n$`),
  );
});

test('a command of the lab that only objects inherit is answered with the usage', { timeout: 60_000 }, async () => {
  expect(await hale(['lab', 'run', '--help'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^usage: hale lab/) as string });
  expect(await hale(['lab', 'constructor'])).toMatchObject({ code: 2, stderr: expect.stringMatching(/^usage: hale lab/) as string });
});

test('what a guard refuses is exit code 6 and changes nothing', { timeout: 60_000 }, async () => {
  const { pool, at } = await down();
  const incident = await shopIncident(pool, await shopConfigured(pool));
  await closed(pool, incident, 'healed', 'restart held');
  const late = await hale(['approve', incident, '--proposal', '7f3a', ...at]);
  expect(late).toMatchObject({ code: 6 });
  expect(late.stderr).toContain(`${incident} has ended: healed`);
  expect(await hale(['pause', 'shop', '--for', '365d', ...at])).toMatchObject({ code: 6 });
  expect(await postgresControls(pool).paused('shop')).toBeUndefined();
});

test('what can not be reached is exit code 5, with a way out and without a password', { timeout: 60_000 }, async () => {
  const { pool, at } = await down();
  const url = `postgres://hale:secret@127.0.0.1:${await closedPort()}/hale`;
  const stop = await hale(['stop', '--database', url, '--json']);
  expect(stop).toMatchObject({ code: 5 });
  expect(failureOf(stop).message).toContain("/hale can't be used");
  expect(stop.stdout + stop.stderr).not.toContain('secret');
  expect(await hale(['status', '--state', await emptyFolder()])).toMatchObject({ code: 5 });
  const fleet = await shopConfigured(pool);
  await shopIncident(pool, fleet);
  expect(await hale(['abort', 'inc-1', ...at])).toMatchObject({ code: 5 });
});

test('a pause holds for the gate even when no cycle can be told', { timeout: 60_000 }, async () => {
  const { pool, at } = await down();
  await shopIncident(pool, await shopConfigured(pool));
  const paused = await hale(['pause', 'all', '--for', '10m', '--by', 'ada', ...at]);
  expect(paused).toMatchObject({ code: 0 });
  expect(paused.stdout).toContain('running cycles could not be told');
  expect(await postgresControls(pool).paused('shop')).toMatchObject({ by: 'ada' });
  expect(await hale(['resume', 'all', ...at])).toMatchObject({ code: 0 });
  expect(await postgresControls(pool).paused('shop')).toBeUndefined();
});

test('resume lets go of a hold and says so', { timeout: 60_000 }, async () => {
  const { pool, at } = await down();
  await shopConfigured(pool);
  await postgresControls(pool).hold('shop', undefined, 'stranded', 'inc-1');
  expect((await hale(['resume', 'shop', ...at])).stdout).toContain('1 held');
  expect(await postgresControls(pool).held('shop', undefined)).toBeUndefined();
});

test('doctor exits 7 and names the part that is missing and the command for it', { timeout: 60_000 }, async () => {
  const { pool, at } = await down();
  await shopConfigured(pool);
  const ran = await hale(['doctor', '--json', ...at]);
  expect(ran).toMatchObject({ code: 7 });
  const checks = dataOf(wire.doctor, ran).checks;
  expect(checks.find(({ name }) => name === 'temporal')).toMatchObject({ result: 'trouble', command: 'hale up' });
  expect(checks.filter(({ result }) => result === 'ok').map(({ name }) => name)).toContain('migrations');
  expect(checks.find(({ name }) => name === 'configuration')).toMatchObject({ result: 'ok' });
});
