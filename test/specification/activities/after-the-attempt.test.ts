// What stays in the records when an attempt, and then its cycle, has ended; over real PostgreSQL.
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { closeIncident, learnLesson } from '../../../activities/close-incident.js';
import { outcomes, type Outcome } from '../../../domain/outcome.js';
import type { Verdict } from '../../../domain/verdict.js';
import { freshHttpKnob } from '../../support/http-knob.js';
import { actionId, shopCorrection } from '../../support/shop-correction.js';

async function applied(undo = `{http: 'http://127.0.0.1:9/'}`) {
  const knob = await freshHttpKnob();
  const shop = await shopCorrection(`http: '${knob.url}', undo: ${undo}`);
  await shop.propose();
  await shop.apply();
  const { incident = '' } = (await shop.effect()) ?? {};
  const place = { service: 'shop', configVersion: 'v1', incident };
  const env = new MockActivityEnvironment();
  return {
    ...shop,
    learn: (kind: Verdict['kind']) =>
      env.run(learnLesson(shop.ports), {
        ...place,
        actionId,
        correction: 'fix',
        pattern: 'p',
        verdict: { kind, evidence: kind },
        undone: false,
      }),
    close: (outcome: Outcome) =>
      env.run(closeIncident(shop.ports), { ...place, cycle: 'cycle-1', round: 0, outcome, sentence: `it ended ${outcome}` }),
    state: async () => (await shop.effect())?.state,
  };
}

test('only what held is kept for good, and what went wrong stays listed as in force', async () => {
  for (const [verdict, state] of [['held', 'adopted'] as const, ['unchanged', 'applied'] as const, ['noData', 'applied'] as const]) {
    const attempt = await applied();
    await attempt.learn(verdict);
    expect(await attempt.state()).toBe(state);
  }
});

test('what leaves nothing to restore is settled by its verdict, but not without data', async () => {
  for (const [verdict, state] of [['unchanged', 'adopted'] as const, ['noData', 'applied'] as const]) {
    const attempt = await applied('nothingToRestore');
    await attempt.learn(verdict);
    expect(await attempt.state()).toBe(state);
  }
});

test('one attempt is one lesson, however often it is told', async () => {
  const attempt = await applied();
  await attempt.learn('held');
  await attempt.learn('held');
  expect(await attempt.ports.lessons.about('p', 'shop', undefined)).toHaveLength(1);
});

test('a cycle that a person ended or could not heal holds its service, any other does not', async () => {
  const holding: string[] = [];
  for (const outcome of outcomes) {
    const cycle = await applied();
    await cycle.close(outcome);
    if (await cycle.ports.controls.held('shop', undefined)) holding.push(outcome);
  }
  expect(holding).toEqual(['escalated', 'aborted', 'takenOver', 'stranded']);
});

test('a taken over effect is the person`s own and is not undone later', async () => {
  const cycle = await applied();
  await cycle.close('takenOver');
  expect(await cycle.state()).toBe('adopted');
});

test('an escalated effect stays open for the next cycle to settle', async () => {
  const cycle = await applied();
  await cycle.close('escalated');
  expect(await cycle.state()).toBe('applied');
  expect(await cycle.ports.effects.open('shop', undefined, 'cycle-2')).toHaveLength(1);
});

test('a cycle that ended leaves its resources to others', async () => {
  const cycle = await applied();
  const { resource = '' } = (await cycle.effect()) ?? {};
  expect(await cycle.ports.leases.acquire(resource, 'cycle-2', 1_000)).toMatchObject({ kind: 'taken', by: 'cycle-1' });
  await cycle.close('healed');
  expect(await cycle.ports.leases.acquire(resource, 'cycle-2', 1_000)).toMatchObject({ kind: 'held' });
});

test('an undo that is asked for again after it was found impossible answers as before', async () => {
  const attempt = await applied();
  const first = await attempt.undo();
  expect(first.kind).toBe('stranded');
  expect(await attempt.undo()).toEqual(first);
  expect(await attempt.state()).toBe('stranded');
});
