import { expect, test } from 'vitest';
import { cooldownLeftMs, gate, refusesAll, type GateFacts, type GateRule } from '../../../domain/gate.js';
import type { CorrectionBrief } from '../../../domain/service.js';
import { brief, facts } from '../../support/scripted-world.js';

const answer = (correction: Partial<CorrectionBrief>, seen: Partial<GateFacts> = {}) => gate(brief('restart', correction), facts(seen));

test('mode act with nothing against it acts', () => {
  expect(answer({})).toMatchObject({ kind: 'act', rule: 'modeAct' });
});

test('every reason to refuse refuses by itself, and is named', () => {
  expect(answer({}, { stopped: true })).toMatchObject({ kind: 'refuse', rule: 'stop' });
  expect(answer({}, { paused: { by: 'ada' } })).toMatchObject({ kind: 'refuse', rule: 'paused', sentence: 'paused by ada' });
  expect(answer({}, { rejected: { by: 'bob', at: 0 } })).toMatchObject({
    kind: 'refuse',
    rule: 'rejected',
    sentence: 'restart was rejected by bob and would do the same again',
  });
  expect(answer({}, { held: { since: 0, outcome: 'escalated' } })).toMatchObject({ kind: 'refuse', rule: 'held' });
  expect(answer({ provider: 'inactive' })).toMatchObject({ kind: 'refuse', rule: 'notYetActive' });
  expect(answer({ mode: 'observe' })).toMatchObject({ kind: 'refuse', rule: 'modeObserve' });
});

test('what a person rejected is not asked again', () => {
  const rejected = { by: 'bob', at: 0 };
  expect(answer({ mode: 'ask' }, { rejected })).toMatchObject({ kind: 'refuse', rule: 'rejected' });
  expect(answer({ undo: 'irreversible' }, { rejected })).toMatchObject({ kind: 'refuse', rule: 'rejected' });
});

test('a rejected correction is not waited for while it cools down', () => {
  const seen = { now: 20_000, lastAppliedAt: 10_000, rejected: { by: 'bob', at: 0 } };
  expect(answer({ cooldownMs: 60_000 }, seen)).toMatchObject({ rule: 'rejected' });
});

test('the attempt after the last allowed one of an incident is refused', () => {
  expect(answer({}, { attempts: 2, attemptsMax: 3 })).toMatchObject({ kind: 'act' });
  expect(answer({}, { attempts: 3, attemptsMax: 3 })).toMatchObject({ kind: 'refuse', rule: 'attempts' });
});

test('a correction cools down from its last action to the millisecond', () => {
  const cooldown = { cooldownMs: 60_000 };
  expect(answer(cooldown, { now: 69_999, lastAppliedAt: 10_000 })).toMatchObject({ kind: 'refuse', rule: 'cooldown' });
  expect(answer(cooldown, { now: 70_000, lastAppliedAt: 10_000 })).toMatchObject({ kind: 'act' });
  expect(answer(cooldown, { now: 0 })).toMatchObject({ kind: 'act' });
  expect(cooldownLeftMs(brief('restart', cooldown), facts({ now: 69_999, lastAppliedAt: 10_000 }))).toBe(1);
});

test('what can not be undone asks a person, also in mode act', () => {
  expect(answer({ undo: 'irreversible' })).toMatchObject({ kind: 'ask', rule: 'irreversible' });
  expect(answer({ undo: 'irreversible', mode: 'ask' })).toMatchObject({ kind: 'ask', rule: 'irreversible' });
  expect(answer({ mode: 'ask' })).toMatchObject({ kind: 'ask', rule: 'modeAsk' });
});

/** Every rule, and whether it refuses all corrections of a service alike. */
const ofTheService: Readonly<Record<GateRule, boolean>> = {
  stop: true,
  paused: true,
  held: true,
  ownGround: false,
  storm: true,
  upstream: false,
  notYetActive: false,
  withdrawn: false,
  owner: false,
  attempts: true,
  frozen: false,
  rejected: false,
  maintenance: true,
  outsideWindow: true,
  silence: true,
  rollout: true,
  person: true,
  atOnce: false,
  minHealthy: false,
  budget: false,
  busy: false,
  cooldown: false,
  levelRecord: false,
  levelSuggest: false,
  modeObserve: false,
  irreversible: false,
  levelAsk: false,
  levelTell: false,
  errorBudget: false,
  modeAsk: false,
  modeAct: false,
};

test.each(Object.entries(ofTheService))('the search for a correction ends only with refusals of the whole service: %s', (rule, ends) => {
  expect(refusesAll(rule as GateRule)).toBe(ends);
});
