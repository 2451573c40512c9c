import fc from 'fast-check';
import { gate, type GateAnswer, type GateFacts } from '../../domain/gate.js';
import { scopesOf, type Budget } from '../../domain/gate/budget.js';
import { closedBy, type NamedInterval } from '../../domain/gate/time-interval.js';
import { levels, type CorrectionBrief, type Service } from '../../domain/service.js';
import { brief, limits } from './scripted-world.js';

export type Decide = (correction: CorrectionBrief, facts: GateFacts) => GateAnswer;

/** A policy, a fleet and a moment, of which the facts of the gate are made. */
export interface GateState {
  readonly correction: CorrectionBrief;
  readonly facts: GateFacts;
  readonly budgets: readonly Budget[];
  /** How much of each budget is used, by its place. */
  readonly used: readonly number[];
  readonly maintenance: readonly string[];
  readonly changesOnlyIn: readonly string[];
}

const intervals: readonly NamedInterval[] = [
  { name: 'always', intervals: [{}] },
  { name: 'never', intervals: [] },
  { name: 'morning', intervals: [{ times: [{ from: 0, to: 720 }] }] },
  { name: 'weekend', intervals: [{ weekdays: [{ from: 0, to: 0 }] }, { weekdays: [{ from: 6, to: 6 }] }] },
];
const names = fc.subarray(intervals.map(({ name }) => name));
const service: Service = {
  name: 'shop',
  class: 'web',
  team: 'payments',
  dependsOn: [],
  signals: [],
  objectives: [],
  corrections: [],
  order: 'learned',
  limits,
};
const fleet = { environment: 'prod', services: [service] };

const corrections: fc.Arbitrary<CorrectionBrief> = fc
  .record({
    provider: fc.constantFrom('exec', 'exec', 'exec', 'file', 'file', 'postgres', 'postgres', 'wait', 'inactive'),
    mode: fc.constantFrom('observe', 'ask', 'ask', 'act', 'act', 'act', 'act', 'act'),
    undo: fc.constantFrom('restores', 'nothingToRestore', 'loses', 'irreversible'),
    cooldownMs: fc.nat({ max: 100 }),
  })
  .map((more) => brief('fix', more as Partial<CorrectionBrief>));

const budget: fc.Arbitrary<Budget> = fc.record({
  max: fc.integer({ min: 2, max: 6 }),
  inMs: fc.constantFrom(60_000, 3_600_000),
  per: fc.constantFrom('service', 'class', 'team', 'correction', 'environment'),
});

const blast: fc.Arbitrary<NonNullable<GateFacts['blast']>> = fc
  .record(
    {
      touches: fc.nat({ max: 3 }),
      acting: fc.nat({ max: 4 }),
      instances: fc.nat({ max: 12 }),
      atOnce: fc.oneof(
        fc.record({ count: fc.integer({ min: 1, max: 5 }) }),
        fc.record({ share: fc.double({ min: 0.05, max: 1, noNaN: true }) }),
      ),
      healthyLeft: fc.nat({ max: 12 }),
      minHealthy: fc.double({ min: 0.05, max: 1, noNaN: true }),
    },
    { requiredKeys: ['touches', 'acting', 'instances'] },
  )
  .map((found) => ({ service: 'shop', ...found }));

const errorBudget: fc.Arbitrary<NonNullable<GateFacts['errorBudget']>> = fc.record({
  objective: fc.constant('up'),
  bad: fc.nat({ max: 20 }),
  of: fc.nat({ max: 1_000 }),
  target: fc.constantFrom(0.9, 0.99, 0.999, 1),
  windowMs: fc.constant(86_400_000),
  askBelow: fc.double({ min: 0.01, max: 1, noNaN: true }),
});

/** Absent `times` times as often as there: where everything speaks against acting, no reason can be shown to change anything. */
const seldom = <T>(value: fc.Arbitrary<T>, times: number): fc.Arbitrary<T | undefined> =>
  fc.nat({ max: times }).chain((n): fc.Arbitrary<T | undefined> => (n === 0 ? value : fc.constant(undefined)));
const rarely = <T>(value: T): fc.Arbitrary<T | undefined> => fc.nat({ max: 80 }).map((n) => (n === 0 ? value : undefined));

const reasons = {
  paused: { by: 'ada' },
  held: { since: 0, outcome: 'escalated' },
  ownGround: 'PostgreSQL',
  storm: { incident: 'inc-9', since: 0, services: 30, of: 100 },
  upstream: [{ service: 'db', incident: 'inc-1' }],
  owner: 'argocd',
  frozen: { resource: 'exec/fix', reversals: 2, withinMs: 3_600_000, until: 1 },
  busy: { resource: 'exec/fix', by: 'c' },
  rejected: { by: 'bob', at: 0 },
  silence: { by: 'eve', until: 1, comment: 'known' },
  rollout: { what: 'v2', since: 0 },
  person: { by: 'ada', what: 'works on shop' },
} satisfies Partial<GateFacts>;

const facts: fc.Arbitrary<GateFacts> = fc
  .tuple(
    fc.record({
      now: fc.integer({ min: 0, max: 14 * 86_400_000 }),
      stopped: fc.nat({ max: 80 }).map((n) => n === 0),
      attempts: fc.nat({ max: 4 }),
      attemptsMax: fc.integer({ min: 4, max: 9 }),
    }),
    fc.record({
      level: fc.option(fc.constantFrom(...levels, 2 as const, 3 as const, 3 as const, 4 as const, 4 as const, 4 as const), {
        nil: undefined,
      }),
      lastAgoMs: seldom(fc.nat({ max: 200 }), 3),
      blast: seldom(blast, 2),
      errorBudget: seldom(errorBudget, 1),
    }),
    fc.record(Object.fromEntries(Object.entries(reasons).map(([name, value]) => [name, rarely(value)]))),
  )
  .map(([base, { lastAgoMs, ...more }, against]) =>
    given({ ...base, ...more, ...against, ...(lastAgoMs === undefined ? {} : { lastAppliedAt: base.now - lastAgoMs }) } as GateFacts),
  );

/** Without the fields that are undefined. */
const given = (all: GateFacts): GateFacts =>
  Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as unknown as GateFacts;

const some = seldom(names, 5).map((found) => found ?? []);

const states: fc.Arbitrary<GateState> = fc.record({
  correction: corrections,
  facts,
  budgets: fc.array(budget, { maxLength: 3 }),
  used: fc.array(fc.nat({ max: 4 }), { minLength: 6, maxLength: 6 }),
  maintenance: some,
  changesOnlyIn: some,
});

export const randomStates = (runs: number, seed: number): GateState[] => fc.sample(states, { numRuns: runs, seed });

/** As the gate is given it: budgets and windows as the domain makes facts of them. */
export function factsOf({ facts: base, correction, budgets, used, maintenance, changesOnlyIn }: GateState): GateFacts {
  const scopes = scopesOf(budgets, fleet, service, correction.name);
  return {
    ...base,
    budgets: scopes.map((scope, index) => ({ ...scope, used: used[index] ?? 0 })),
    ...closedBy({ maintenance, changesOnlyIn }, intervals, base.now),
  };
}

type Worse = (state: GateState, pick: (max: number) => number) => GateState;

const withFacts = (state: GateState, more: Partial<GateFacts>): GateState => ({ ...state, facts: { ...state.facts, ...more } });
const withBlast = (
  state: GateState,
  change: (blast: NonNullable<GateFacts['blast']>) => Partial<NonNullable<GateFacts['blast']>>,
): GateState =>
  state.facts.blast === undefined ? state : withFacts(state, { blast: { ...state.facts.blast, ...change(state.facts.blast) } });

/** Each makes one more thing speak against acting, or one thing speak louder. */
export const worsenings: Readonly<Record<string, Worse>> = {
  stop: (state) => withFacts(state, { stopped: true }),
  ...Object.fromEntries(
    Object.entries(reasons).map(([name, value]): [string, Worse] => [name, (state) => withFacts(state, { [name]: value })]),
  ),
  'one more attempt': (state) => withFacts(state, { attempts: state.facts.attempts + 1 }),
  'one more upstream incident': (state) =>
    withFacts(state, { upstream: [...(state.facts.upstream ?? []), { service: 'disk', incident: 'inc-2' }] }),
  'one more budget': (state, pick) => ({
    ...state,
    budgets: [...state.budgets, { max: 1 + pick(3), inMs: 60_000, per: (['service', 'team', 'environment'] as const)[pick(3)] ?? 'class' }],
  }),
  'one more budget, before the others': (state) => ({
    ...state,
    budgets: [{ max: 4, inMs: 60_000, per: 'service' }, ...state.budgets],
    used: [0, ...state.used],
  }),
  'a smaller budget': (state) => ({ ...state, budgets: state.budgets.map((one) => ({ ...one, max: Math.max(1, one.max - 1) })) }),
  'a budget more used': (state, pick) => ({ ...state, used: state.used.map((one, index) => (index === pick(3) ? one + 1 : one)) }),
  'one more maintenance window': (state, pick) => ({ ...state, maintenance: [...state.maintenance, intervals[pick(4)]?.name ?? ''] }),
  'one more change window': (state, pick) => ({ ...state, changesOnlyIn: [...state.changesOnlyIn, intervals[pick(4)]?.name ?? ''] }),
  'a stricter mode since': (state, pick) => withFacts(state, { modeNow: (['observe', 'ask'] as const)[pick(2)] ?? 'observe' }),
  'taken out since': (state) => withFacts(state, { withdrawn: true }),
  'a lower level': (state, pick) => {
    const lower = levels[pick((state.facts.level ?? 4) + 1)] ?? 0;
    return withFacts(state, { level: lower });
  },
  'a stricter mode': (state) => ({
    ...state,
    correction: { ...state.correction, mode: state.correction.mode === 'act' ? 'ask' : 'observe' },
  }),
  'a worse undo class': (state) => ({
    ...state,
    correction: {
      ...state.correction,
      undo: state.correction.undo === 'loses' ? 'irreversible' : state.correction.undo === 'irreversible' ? 'irreversible' : 'loses',
    },
  }),
  'one more instance acted upon': (state) => withBlast(state, ({ acting }) => ({ acting: acting + 1 })),
  'a correction that acts on more': (state) => withBlast(state, ({ touches }) => ({ touches: touches + 1 })),
  'one healthy instance less': (state) => withBlast(state, ({ healthyLeft = 0 }) => ({ healthyLeft: Math.max(0, healthyLeft - 1) })),
  'a limit on the blast radius': (state, pick) =>
    state.facts.blast?.atOnce === undefined ? withBlast(state, () => ({ atOnce: { count: 1 + pick(3) } })) : state,
  'a larger share that must be healthy': (state) =>
    withBlast(state, ({ minHealthy = 0 }) => ({ minHealthy: Math.min(1, minHealthy + 0.1) })),
  'less of an error budget': (state) =>
    state.facts.errorBudget === undefined
      ? withFacts(state, { errorBudget: { objective: 'up', bad: 1, of: 10, target: 0.9, windowMs: 1, askBelow: 0.1 } })
      : withFacts(state, { errorBudget: { ...state.facts.errorBudget, bad: state.facts.errorBudget.bad + 1 } }),
  'no readings for an error budget': (state) =>
    withFacts(state, {
      errorBudget: { objective: 'up', target: 0.9, windowMs: 1, askBelow: 0.1, ...state.facts.errorBudget, bad: 0, of: 0 },
    }),
  'a longer cooldown': (state) => ({ ...state, correction: { ...state.correction, cooldownMs: state.correction.cooldownMs + 50 } }),
  'something that nobody can look up': (state) => withFacts(state, { notKnown: ['Alertmanager am is away'] }),
};

const rank = { refuse: 0, ask: 1, act: 2 } as const;

export interface Monotony {
  /** Random states, and how many pairs of a state and a worse one were compared. */
  readonly states: number;
  readonly pairs: number;
  readonly violations: readonly string[];
  /** How many states each answer had before: a gate that only refuses is monotone for nothing. */
  readonly answers: Readonly<Record<GateAnswer['kind'], number>>;
  /** Pairs that became stricter. */
  readonly stricter: number;
}

/** Puts random states to a gate, each of them again with everything that may make it worse. */
export function monotonyOf(decide: Decide, runs: number, seed: number): Monotony {
  const sampled = fc.sample(fc.tuple(states, fc.array(fc.nat(), { minLength: 40, maxLength: 40 })), { numRuns: runs, seed });
  const violations: string[] = [];
  const answers = { act: 0, ask: 0, refuse: 0 };
  let [pairs, stricter] = [0, 0];
  for (const [state, dice] of sampled) {
    const before = decide(state.correction, factsOf(state));
    answers[before.kind] += 1;
    for (const [index, [name, worsen]] of Object.entries(worsenings).entries()) {
      const worse = worsen(state, (max) => (dice[index] ?? 0) % max);
      const after = decide(worse.correction, factsOf(worse));
      pairs += 1;
      if (rank[after.kind] < rank[before.kind]) stricter += 1;
      if (rank[after.kind] > rank[before.kind])
        violations.push(`${name}: ${before.kind} (${before.rule}) became ${after.kind} (${after.rule})`);
    }
  }
  return { states: sampled.length, pairs, violations, answers, stricter };
}

/** Gates with a mistake that has been made elsewhere; each must be caught. */
export const plantedGates: Readonly<Record<string, Decide>> = {
  'only the newest budget counts': (correction, seen) => gate(correction, { ...seen, budgets: (seen.budgets ?? []).slice(-1) }),
  'two change windows are alternatives': (correction, seen) =>
    gate(correction, (seen.outsideWindows ?? []).length > 1 ? { ...seen, outsideWindows: [] } : seen),
  'a level replaces the mode': (correction, seen) => gate(seen.level === undefined ? correction : { ...correction, mode: 'act' }, seen),
  'an upstream incident lifts the cooldown': (correction, seen) =>
    gate(seen.upstream ? { ...correction, cooldownMs: 0 } : correction, { ...seen, upstream: [] }),
  'no readings count as a full error budget': (correction, seen) =>
    gate(correction, seen.errorBudget?.of === 0 ? { ...seen, errorBudget: { ...seen.errorBudget, of: 1_000_000 } } : seen),
  'what is silenced is not asked for': (correction, seen) => {
    const answer = gate(correction, seen);
    return seen.silence && answer.rule === 'silence'
      ? gate(correction, { now: seen.now, stopped: seen.stopped, attempts: 0, attemptsMax: 1 })
      : answer;
  },
};
