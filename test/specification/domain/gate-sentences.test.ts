import { expect, test } from 'vitest';
import { gate, type GateAnswer, type GateFacts, type GateRule } from '../../../domain/gate.js';
import type { CorrectionBrief } from '../../../domain/service.js';
import { brief, facts } from '../../support/scripted-world.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const noon = Date.UTC(2026, 10, 28, 12);

type Case = readonly [
  what: string,
  correction: Partial<CorrectionBrief>,
  seen: Partial<GateFacts>,
  kind: GateAnswer['kind'],
  rule: GateRule,
  sentence: string,
];

const budget = { max: 3, inMs: HOUR, per: 'service', of: 'shop', used: 3 } as const;
const fleetBudget = { max: 20, inMs: 24 * HOUR, per: 'environment', of: 'environment prod', used: 4 } as const;
const forty = { service: 'edge', touches: 1, acting: 0, instances: 40 };
const budgetOf = (bad: number, of: number) => ({ objective: 'errors', bad, of, target: 0.999, windowMs: 28 * 24 * HOUR, askBelow: 0.1 });
const frozen = { resource: 'file//etc/shop.conf', reversals: 2, withinMs: HOUR, until: noon };
const storm = { incident: 'inc-7', since: 0, services: 31, of: 300 };
const loses = { undo: 'loses' } as const;

/** Written by hand, as a person would expect to be told. */
const cases: readonly Case[] = [
  ['nothing is against it', {}, {}, 'act', 'modeAct', 'mode act: restart may be done'],
  ['the mode asks', { mode: 'ask' }, {}, 'ask', 'modeAsk', 'mode ask: a person decides on restart'],
  ['the mode observes', { mode: 'observe' }, {}, 'refuse', 'modeObserve', 'mode observe: hale would have done restart'],
  ['people withdrew trust', {}, { modeNow: 'observe' }, 'refuse', 'modeObserve', 'mode observe: hale would have done restart'],
  [
    'it was taken out of the configuration',
    {},
    { withdrawn: true },
    'refuse',
    'withdrawn',
    'restart is not in the configuration any more: what was taken out is not done',
  ],
  ['people want to be asked now', {}, { modeNow: 'ask' }, 'ask', 'modeAsk', 'mode ask: a person decides on restart'],
  ['trust given since does not count', { mode: 'ask' }, { modeNow: 'act' }, 'ask', 'modeAsk', 'mode ask: a person decides on restart'],
  ['it can not be undone', { undo: 'irreversible' }, {}, 'ask', 'irreversible', "restart can't be undone: a person decides"],
  ['level 0', {}, { level: 0 }, 'refuse', 'levelRecord', 'level 0: hale would have done restart'],
  ['level 1', {}, { level: 1 }, 'refuse', 'levelSuggest', 'level 1: hale suggests restart, and a person does it'],
  ['level 2', {}, { level: 2 }, 'ask', 'levelAsk', 'level 2: a person decides on restart'],
  ['level 3 on what can be undone', {}, { level: 3 }, 'act', 'levelTell', 'level 3: restart may be done, and people are told'],
  [
    'level 3 on a restart',
    { undo: 'nothingToRestore' },
    { level: 3 },
    'act',
    'levelTell',
    'level 3: restart may be done, and people are told',
  ],
  [
    'level 3 on a loss',
    loses,
    { level: 3 },
    'ask',
    'levelTell',
    'level 3: a person decides on restart, because something is lost for ever',
  ],
  ['level 4 on a loss', loses, { level: 4 }, 'act', 'modeAct', 'mode act: restart may be done'],
  ['level 4 in mode ask', { mode: 'ask' }, { level: 4 }, 'ask', 'modeAsk', 'mode ask: a person decides on restart'],
  [
    'level 4 on what can not be undone',
    { undo: 'irreversible' },
    { level: 4 },
    'ask',
    'irreversible',
    "restart can't be undone: a person decides",
  ],
  [
    'a level says nothing in mode observe',
    { mode: 'observe' },
    { level: 4 },
    'refuse',
    'modeObserve',
    'mode observe: hale would have done restart',
  ],
  ['stopped', {}, { stopped: true }, 'refuse', 'stop', 'automation is stopped: nothing is changed until `hale resume --all`'],
  ['paused', {}, { paused: { by: 'ada' } }, 'refuse', 'paused', 'paused by ada'],
  ['held', {}, { held: { since: 0, outcome: 'stranded' } }, 'refuse', 'held', 'held since a cycle ended stranded: a person resumes it'],
  [
    'its own database',
    {},
    { ownGround: 'PostgreSQL' },
    'refuse',
    'ownGround',
    "restart would act on hale's own PostgreSQL, which hale only observes",
  ],
  [
    'a storm',
    {},
    { storm },
    'refuse',
    'storm',
    "storm: 31 of 300 services are in trouble at once, with no source that hale knows: it is one incident, inc-7, and a person's",
  ],
  [
    'a storm with a source',
    {},
    { storm: { ...storm, source: 'db' } },
    'refuse',
    'storm',
    "storm: 31 of 300 services are in trouble at once, and all of them depend on db: it is one incident, inc-7, and a person's",
  ],
  [
    'upstream',
    {},
    { upstream: [{ service: 'db', incident: 'inc-3' }] },
    'refuse',
    'upstream',
    'db is healed first (inc-3): this service depends on it',
  ],
  ['no provider', { provider: 'inactive' }, {}, 'refuse', 'notYetActive', 'restart needs a provider that this version does not have'],
  ['owned', {}, { owner: 'argocd' }, 'refuse', 'owner', 'argocd owns what restart would change: correct it through argocd'],
  ['attempts', {}, { attempts: 5, attemptsMax: 5 }, 'refuse', 'attempts', '5 of 5 attempts are used'],
  [
    'frozen',
    {},
    { frozen },
    'refuse',
    'frozen',
    'file//etc/shop.conf was turned back 2 times within 1h: only a person touches it until 2026-11-28T12:00:00Z',
  ],
  ['rejected', {}, { rejected: { by: 'bob', at: 0 } }, 'refuse', 'rejected', 'restart was rejected by bob and would do the same again'],
  [
    'maintenance',
    {},
    { maintenance: ['sunday-night'] },
    'refuse',
    'maintenance',
    'maintenance window sunday-night is open: people work here',
  ],
  [
    'outside a window',
    {},
    { outsideWindows: ['office-hours'] },
    'refuse',
    'outsideWindow',
    'changes are made only in the window office-hours, which is closed',
  ],
  [
    'silenced',
    {},
    { silence: { by: 'eve', until: noon, comment: 'disk swap' } },
    'refuse',
    'silence',
    'eve silenced its alerts until 2026-11-28T12:00:00Z: disk swap',
  ],
  ['a rollout', {}, { rollout: { what: 'v2.1', since: noon } }, 'refuse', 'rollout', 'v2.1 is being rolled out since 2026-11-28T12:00:00Z'],
  [
    'a person',
    {},
    { person: { by: 'ada', what: 'has taken over edge/web-1 (inc-4)' } },
    'refuse',
    'person',
    'ada has taken over edge/web-1 (inc-4)',
  ],
  [
    'too many at once',
    {},
    { blast: { ...forty, acting: 2, atOnce: { count: 2 } } },
    'refuse',
    'atOnce',
    'atOnce of edge is 2: changes are in force on 2 of 40 instances, and this one acts on 1',
  ],
  [
    'a share of too few',
    {},
    { blast: { ...forty, instances: 5, atOnce: { share: 0.1 } } },
    'refuse',
    'atOnce',
    'atOnce of edge is 10%, which is 0: changes are in force on 0 of 5 instances, and this one acts on 1',
  ],
  [
    'too few healthy',
    {},
    { blast: { ...forty, minHealthy: 0.9, healthyLeft: 35 } },
    'refuse',
    'minHealthy',
    'minHealthy of edge is 90%: 35 of 40 instances would be healthy meanwhile',
  ],
  [
    'an empty selector',
    {},
    { blast: { ...forty, instances: 0, minHealthy: 0.01, healthyLeft: 0 } },
    'refuse',
    'minHealthy',
    'minHealthy of edge is 1%: 0 of 0 instances would be healthy meanwhile',
  ],
  ['a budget', {}, { budgets: [fleetBudget, budget] }, 'refuse', 'budget', 'the budget of shop is used up: 3 of 3 corrections within 1h'],
  ['budgets with room', {}, { budgets: [fleetBudget, { ...budget, used: 2 }] }, 'act', 'modeAct', 'mode act: restart may be done'],
  [
    'busy',
    {},
    { busy: { resource: 'exec/restart', by: 'c-9' } },
    'refuse',
    'busy',
    'restart has to wait: exec/restart is being acted upon by cycle c-9',
  ],
  [
    'cooldown',
    { cooldownMs: MINUTE },
    { now: noon, lastAppliedAt: noon - 59_999 },
    'refuse',
    'cooldown',
    'restart acted less than 60s ago',
  ],
  [
    'an error budget used up',
    loses,
    { errorBudget: budgetOf(99, 100_000) },
    'ask',
    'errorBudget',
    'errors has 99 of 100000 readings bad, which leaves 1% of its error budget within 28d, and below 10% a loss is for a person to decide',
  ],
  [
    'an error budget overdrawn',
    loses,
    { errorBudget: budgetOf(500, 100_000) },
    'ask',
    'errorBudget',
    'errors has 500 of 100000 readings bad, which leaves nothing of its error budget within 28d, and below 10% a loss is for a person to decide',
  ],
  [
    'an error budget nobody knows',
    loses,
    { errorBudget: budgetOf(0, 0) },
    'ask',
    'errorBudget',
    'errors has no readings within 28d, and below 10% a loss is for a person to decide',
  ],
  ['an error budget with room', loses, { errorBudget: budgetOf(50, 100_000) }, 'act', 'modeAct', 'mode act: restart may be done'],
  ['an error budget where nothing is lost', {}, { errorBudget: budgetOf(99, 100_000) }, 'act', 'modeAct', 'mode act: restart may be done'],
  [
    'silences nobody can look up',
    {},
    { notKnown: ["Alertmanager am can't be asked for silences: ECONNREFUSED"] },
    'act',
    'modeAct',
    "mode act: restart may be done; Alertmanager am can't be asked for silences: ECONNREFUSED",
  ],
  [
    'whoever is asked is told what nobody can look up',
    { mode: 'ask' },
    { notKnown: ["Alertmanager am can't be asked for silences: ECONNREFUSED"] },
    'ask',
    'modeAsk',
    "mode ask: a person decides on restart; Alertmanager am can't be asked for silences: ECONNREFUSED",
  ],
  [
    'level 3 is told it too',
    {},
    { level: 3, notKnown: ['one is away', 'two is away'] },
    'act',
    'levelTell',
    'level 3: restart may be done, and people are told; one is away; two is away',
  ],
  [
    'a refusal does not depend on what nobody can look up',
    {},
    { stopped: true, notKnown: ['Alertmanager am is away'] },
    'refuse',
    'stop',
    'automation is stopped: nothing is changed until `hale resume --all`',
  ],
  [
    'several reasons: the first decides',
    { mode: 'ask' },
    { stopped: true, storm, budgets: [budget] },
    'refuse',
    'stop',
    'automation is stopped: nothing is changed until `hale resume --all`',
  ],
  [
    'a refusal before an ask',
    { undo: 'irreversible' },
    { budgets: [budget] },
    'refuse',
    'budget',
    'the budget of shop is used up: 3 of 3 corrections within 1h',
  ],
];

test.each(cases)('the gate says, word by word: %s', (_, correction, seen, kind, rule, sentence) => {
  expect(gate(brief('restart', correction), facts(seen))).toEqual({ kind, rule, sentence });
});

test('the scenarios are at least forty', () => {
  expect(cases.length).toBeGreaterThanOrEqual(40);
});
