import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CycleActivities } from '../../../contracts/activities.js';
import { brief, diagnosed, opened, proposal, scriptedWorld } from '../../support/scripted-world.js';
import { runCycle, timeSkipping } from '../../support/temporal.js';

let env: TestWorkflowEnvironment;
beforeAll(async () => void (env = await timeSkipping()));
afterAll(() => env.teardown());

const heal = async (script: Partial<CycleActivities>) => {
  const world = scriptedWorld(script);
  const result = await runCycle(env, world.activities, { service: 'shop', by: 'watch' });
  const called = world.asked('callPerson').map(({ why, sentence }) => ({ why, sentence }));
  const answered = world.asked('recordAnswer').map(({ correction, answer }) => [correction, answer.rule]);
  return { ...world, result, called, answered };
};

test('at level 1 a person is called with the suggestion, and the next correction is tried', async () => {
  const { result, called, answered } = await heal({
    openIncident: async () => opened([brief('restart', { level: 1 }), brief('last-good')]),
    prepareCorrection: async ({ correction }) => proposal(correction, correction === 'restart' ? { level: 1 } : {}),
  });
  expect(result.outcome).toBe('healed');
  expect(called).toEqual([{ why: 'suggestion', sentence: 'hale suggests restart; now: as it was' }]);
  expect(answered).toEqual([['restart', 'levelSuggest']]);
});

test('at level 0 nobody is called', async () => {
  const { result, called } = await heal({ prepareCorrection: async ({ correction }) => proposal(correction, { level: 0 }) });
  expect(result).toMatchObject({ outcome: 'refused', sentence: 'level 0: hale would have done restart' });
  expect(called).toEqual([]);
});

test('at level 3 hale acts and tells people what came of it', async () => {
  const { result, called, asked } = await heal({ prepareCorrection: async ({ correction }) => proposal(correction, { level: 3 }) });
  expect(result.outcome).toBe('healed');
  expect(called).toMatchObject([{ why: 'told' }]);
  expect(called[0]?.sentence).toMatch(/^hale did restart: restart held/);
  expect(asked('applyCorrection')).toMatchObject([{ answer: { kind: 'act', rule: 'levelTell' } }]);
});

test('a frozen knob calls a person, and a correction of something else is tried', async () => {
  const frozen = { resource: 'unit/shop', reversals: 2, withinMs: 3_600_000, until: 0 };
  const { result, called } = await heal({
    openIncident: async () => opened([brief('restart'), brief('last-good')]),
    prepareCorrection: async ({ correction }) => proposal(correction, correction === 'restart' ? { frozen } : {}),
  });
  expect(result.outcome).toBe('healed');
  expect(called).toEqual([
    { why: 'frozen', sentence: 'unit/shop was turned back 2 times within 1h: only a person touches it until 1970-01-01T00:00:00Z' },
  ]);
});

test.each([
  ['upstream', { upstream: [{ service: 'db', incident: 'inc-0' }] }],
  ['busy', { busy: { resource: 'unit/shop', by: 'c-2' } }],
  ['atOnce', { blast: { service: 'shop', touches: 1, acting: 1, instances: 4, atOnce: { count: 1 } } }],
  ['minHealthy', { blast: { service: 'shop', touches: 1, acting: 0, instances: 4, minHealthy: 0.9, healthyLeft: 2 } }],
] as const)('what passes is waited for, and no other correction is tried: %s', async (rule, seen) => {
  let looks = 0;
  const { result, answered, asked } = await heal({
    openIncident: async () => opened([brief('restart'), brief('last-good')]),
    prepareCorrection: async ({ correction }) => proposal(correction, (looks += 1) < 3 ? seen : {}),
  });
  expect(result.outcome).toBe('healed');
  expect(answered).toEqual([
    ['restart', rule],
    ['restart', rule],
  ]);
  expect(asked('applyCorrection')).toHaveLength(1);
});

test('what does not pass until the symptom is overdue ends the cycle refused, and the overdue call was made', async () => {
  const blast = { service: 'shop', touches: 1, acting: 1, instances: 4, atOnce: { count: 1 } };
  const { result, called } = await heal({ prepareCorrection: async ({ correction }) => proposal(correction, { blast }) });
  expect(result).toMatchObject({
    outcome: 'refused',
    sentence: 'atOnce of shop is 1: changes are in force on 1 of 4 instances, and this one acts on 1',
  });
  expect(called.map(({ why }) => why)).not.toContain('escalated');
});

test('what others took meanwhile makes the policy look again, and it says what is now the case', async () => {
  let tries = 0;
  const spent = { max: 1, inMs: 3_600_000, per: 'service', of: 'shop', used: 1 } as const;
  const { result, answered } = await heal({
    prepareCorrection: async ({ correction }) => proposal(correction, tries > 0 ? { budgets: [spent] } : {}),
    applyCorrection: async () => ({ kind: 'noRoom', reason: `taken ${(tries += 1)}` }),
  });
  expect(result).toMatchObject({ outcome: 'refused', sentence: 'the budget of shop is used up: 1 of 1 corrections within 1h' });
  expect(answered).toEqual([
    ['restart', 'budget'],
    ['restart', 'budget'],
  ]);
  expect(tries).toBe(1);
});

test('while the policy closes the whole service no other correction is tried', async () => {
  const { result, asked } = await heal({
    openIncident: async () => opened([brief('restart'), brief('last-good')]),
    prepareCorrection: async ({ correction }) => proposal(correction, { maintenance: ['sunday-night'] }),
  });
  expect(result.outcome).toBe('refused');
  expect(asked('prepareCorrection')).toHaveLength(1);
});

test('a member of a storm that waits for its source ends refused: people are called once, for all', async () => {
  const diagnosis = { pattern: 'up:breach|none', brokenDependencies: ['db'], examinations: [], sentence: 'depends on db, broken too' };
  const storm = { incident: 'inc-7', since: 0, services: 31, of: 300, source: 'db' };
  const { result, called } = await heal({ diagnoseService: async () => ({ diagnosis, records: [], storm }) });
  expect(result).toMatchObject({
    outcome: 'refused',
    sentence: "storm: 31 of 300 services are in trouble at once, and all of them depend on db: it is one incident, inc-7, and a person's",
  });
  expect(called).toEqual([]);
});

test('a question says how it went before, what was tried, how far it reaches and what hale leaves and why', async () => {
  const blast = { service: 'shop', touches: 4, acting: 0, instances: 4, healthyLeft: 0 };
  const { asked } = await heal({
    openIncident: async () => opened([brief('restart'), brief('other', { mode: 'observe' }), brief('last-good', { mode: 'ask' })]),
    diagnoseService: async () => ({ ...diagnosed, records: [{ correction: 'last-good', held: 3, tried: 4 }] }),
    awaitRecovery: async () => ({ kind: 'unchanged', evidence: 'up is 0' }),
    prepareCorrection: async ({ correction }) => ({
      ...proposal(correction, correction === 'last-good' ? { blast } : {}),
      took: { medianMs: 72_000, of: 3 },
    }),
  });
  const [card] = asked('callPerson').flatMap(({ ask }) => ask ?? []);
  expect(card).toMatchObject({
    correction: 'last-good',
    touches: 'shop, with all of its 4 instances; 0 healthy ones are left meanwhile',
    record: 'held 3 of 4 times here on this pattern',
    took: '1m12s until it had held, the median of 3 times',
    tried: 'restart did not help (unchanged): up is 0',
    refused: 'mode observe: hale would have done other',
  });
});

test('a question about what was never done says so, and tells of nothing else where there is nothing', async () => {
  const { asked } = await heal({ openIncident: async () => opened([brief('restart', { mode: 'ask' })]) });
  const [card] = asked('callPerson').flatMap(({ ask }) => ask ?? []);
  expect(card).toMatchObject({ record: 'never tried here on this pattern', took: 'not known: it never held here', touches: 'shop' });
  expect(Object.keys(card ?? {})).not.toEqual(expect.arrayContaining(['tried']));
  expect(Object.keys(card ?? {})).not.toEqual(expect.arrayContaining(['refused']));
});
