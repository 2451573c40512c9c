// Drives the built `hale review` against a real PostgreSQL: what was recorded, what people say to it, and what is kept.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { expect, test } from 'vitest';
import { recordAnswer } from '../../activities/close-incident.js';
import { findingEvent } from '../../activities/watch/notes.js';
import { postgresIncidents } from '../../adapters/postgres/incidents.js';
import { marked, review } from '../../contracts/adoption.js';
import { incidentDetail } from '../../contracts/cli.js';
import { freshDatabase } from '../support/database.js';
import { dataOf, failureOf, hale } from '../support/hale-command.js';
import { closed, shopConfigured, shopEffect, shopIncident } from '../support/recorded.js';

const answer = { kind: 'refuse', rule: 'modeObserve', sentence: 'mode observe: hale would have done restart' } as const;

/** An incident in which hale only said what it would have done, a minute long. */
async function observed(pool: pg.Pool, number: number): Promise<string> {
  const fleet = { services: [], notYetActive: [], environment: 'test', version: 'v1' };
  const cycle = `cycle-${number}`;
  const incident = await shopIncident(pool, fleet, cycle);
  await recordAnswer({ incidents: postgresIncidents(pool) })({
    key: `${cycle}/gate`,
    service: 'shop',
    configVersion: 'v1',
    incident,
    correction: 'restart',
    answer,
  });
  await closed(pool, incident, 'refused', answer.sentence, cycle);
  return incident;
}

async function symptomOf(pool: pg.Pool, onset: number): Promise<void> {
  const last = { kind: 'value', at: onset, value: 0 } as const;
  const evidence = { signal: 'up', last, bound: 'above 0', bad: 1, of: 1 };
  const finding = { kind: 'breach', service: 'shop', objective: 'up', onset, severity: 'critical', evidence } as const;
  await postgresIncidents(pool).note(findingEvent({ kind: 'closed', finding }, true));
}

async function database() {
  const { pool, url } = await freshDatabase();
  await shopConfigured(pool);
  return { pool, at: ['--database', url] };
}

test('review says what hale would have done, what happened instead, and how long the symptom lasted', async () => {
  const { pool, at } = await database();
  const incident = await observed(pool, 1);
  await symptomOf(pool, Date.now() - 90_000);
  const words = { verb: 'reject', by: 'ada', reason: 'not now', correction: 'restart' };
  await postgresIncidents(pool).note({ key: 'word', kind: 'person.said', service: 'shop', incident, data: words });
  await pool.query(
    `insert into changes (key, source, service, kind, state, summary, by, at)
     values ('c', 'ci', 'shop', 'deploy', 'done', 'deploy of 1.2.3', 'bob', clock_timestamp() - interval '10 s')`,
  );
  const { incidents, agreement } = dataOf(review, await hale(['review', ...at, '--json']));
  expect(incidents).toMatchObject([
    { incident, service: 'shop', outcome: 'refused', mark: null, acted: [], suggestions: [{ correction: 'restart', rule: 'modeObserve' }] },
  ]);
  expect(incidents[0]?.lastedSeconds).toBeGreaterThan(89);
  expect(incidents[0]?.instead).toEqual([
    expect.stringContaining('ada: reject restart (not now)'),
    expect.stringContaining('change by bob: deploy of 1.2.3'),
    expect.stringContaining('without hale the symptom ended after 9'),
  ]);
  expect(agreement).toEqual({ value: null, numerator: 0, denominator: 0, low: null, high: null });
});

test('a symptom that came back lasted until its last finding ended', async () => {
  const { pool, at } = await database();
  const onset = Date.now() - 60_000;
  const incident = await observed(pool, 1);
  for (const earlier of [0, 20_000, -3_600_000]) await symptomOf(pool, onset + earlier);
  const { rows } = await pool.query<{ at: string }>(
    `select max(body::jsonb->>'at') as at from events where key like '%closed' and key like 'finding%'`,
  );
  const ended = Date.parse(`${rows[0]?.at}Z`);
  await symptomOf(pool, Date.now() + 60_000);
  const { incidents } = dataOf(review, await hale(['review', incident, ...at, '--json']));
  expect(incidents[0]?.endedAt).toBe(new Date(ended).toISOString());
});

test('a mark is kept once, may be changed, is a line of the ledger, and counts with its interval', async () => {
  const { pool, at } = await database();
  const [first, second] = [await observed(pool, 1), await observed(pool, 2)];
  const mark = (incident: string, word: string, by = 'ada') => hale(['review', incident, '--mark', word, '--by', by, ...at, '--json']);
  expect(dataOf(marked, await mark(first, 'wrong'))).toEqual({ incident: first, mark: 'wrong', by: 'ada', changed: true });
  expect(dataOf(marked, await mark(first, 'wrong')).changed).toBe(false);
  expect(dataOf(marked, await mark(first, 'right')).changed).toBe(true);
  await mark(second, 'wrong', 'bob');
  const { rows } = await pool.query('select mark, marked_by, corrections from reviews where incident = $1', [first]);
  expect(rows).toEqual([{ mark: 'right', marked_by: 'ada', corrections: ['restart'] }]);
  const { events } = dataOf(incidentDetail, await hale(['incidents', first, ...at, '--json']));
  expect(events.filter(({ kind }) => kind === 'review.marked').map(({ data }) => data.sentence)).toEqual([
    'ada says that restart was wrong',
    'ada says that restart was right',
  ]);
  const { agreement } = dataOf(review, await hale(['review', ...at, '--json']));
  expect(agreement).toMatchObject({ value: 0.5, numerator: 1, denominator: 2 });
  expect(agreement.low).toBeCloseTo(0.0945, 4);
  expect(agreement.high).toBeCloseTo(0.9055, 4);
  expect((await hale(['incidents', first, ...at])).stdout).toContain('ada says that restart was right');
});

test('an incident in which hale neither did nor suggested anything can not be marked', async () => {
  const { pool, at } = await database();
  const incident = await shopIncident(pool, { services: [], notYetActive: [], environment: 'test', version: 'v1' });
  const ran = await hale(['review', incident, '--mark', 'right', ...at, '--json']);
  expect(ran.code).toBe(6);
  expect(failureOf(ran).message).toContain('neither did nor suggested');
  expect(dataOf(review, await hale(['review', ...at, '--json'])).incidents).toEqual([]);
  expect((await hale(['review', 'inc-99', '--mark', 'right', ...at, '--json'])).code).toBe(3);
});

test('a correction that was made is reviewed with its verdict', async () => {
  const { pool, at } = await database();
  const incident = await shopIncident(pool, { services: [], notYetActive: [], environment: 'test', version: 'v1' });
  await shopEffect(pool, { incident, actionId: 'cycle-1/1/last-good' }, ['intended', 'applied', 'undoing', 'undone']);
  await closed(pool, incident, 'escalated', 'nothing helped');
  const { incidents } = dataOf(review, await hale(['review', incident, ...at, '--json']));
  expect(incidents).toMatchObject([{ acted: [{ correction: 'last-good', undone: true }], suggestions: [] }]);
});

const launcher = fileURLToPath(new URL('../../bin/hale.mjs', import.meta.url));

test('in a terminal one key marks each incident, and the next run asks only about the others', async () => {
  const { pool, at } = await database();
  const ids = [await observed(pool, 1), await observed(pool, 2), await observed(pool, 3)];
  const said = await inTerminal([...at, '--by', 'ada'], ['r', 's', 'w']);
  expect(said).toContain('(3 of 3)');
  expect(said).toContain('[right, says ada]');
  const { rows } = await pool.query<{ incident: string; mark: string }>('select incident, mark from reviews order by incident desc');
  expect(rows).toEqual([
    { incident: ids[2], mark: 'right' },
    { incident: ids[0], mark: 'wrong' },
  ]);
  expect(await inTerminal([...at, '--by', 'ada'], ['q'])).toContain('(1 of 1)');
});

/** A pseudo-terminal by `script`; each key is sent when it is asked for. */
function inTerminal(args: readonly string[], keys: readonly string[]): Promise<string> {
  const command = [process.execPath, launcher, 'review', ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting = [...keys];
  let said = '';
  let asked = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString('utf8');
    const asks = said.split('q quit').length - 1;
    for (; asked < asks; asked += 1) child.stdin.write(waiting.shift() ?? 'q');
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve(said));
  });
}
