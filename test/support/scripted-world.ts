import { Context } from '@temporalio/activity';
import type { CycleActivities, Diagnosed, Opened, Prepared } from '../../contracts/activities.js';
import type { GateFacts } from '../../domain/gate.js';
import type { CorrectionBrief } from '../../domain/service.js';
import { anybody } from './anybody.js';

/** A world that answers the runbook from a script and remembers what it was asked: for rules of the runbook alone. */
export interface ScriptedWorld {
  readonly activities: CycleActivities;
  /** Names of the activities called, in order. */
  readonly calls: string[];
  /** Arguments of the calls of one activity. */
  readonly asked: <K extends keyof CycleActivities>(name: K) => Parameters<CycleActivities[K]>[0][];
}

export const brief = (name: string, more: Partial<CorrectionBrief> = {}): CorrectionBrief => ({
  name,
  provider: 'exec',
  mode: 'act',
  undo: 'restores',
  settleMs: 10_000,
  holdMs: 60_000,
  timeoutMs: 10_000,
  cooldownMs: 0,
  approvals: anybody,
  ...more,
});

export const limits = { attemptsMax: 5, escalateAfterMs: 300_000, approvalExpiryMs: 900_000, pauseMsMax: 86_400_000 };

export const facts = (more: Partial<GateFacts> = {}): GateFacts => ({ now: 0, stopped: false, attempts: 0, attemptsMax: 5, ...more });

export const proposal = (correction: string, more: Partial<GateFacts> = {}): Extract<Prepared, { kind: 'proposal' }> => ({
  kind: 'proposal',
  actionId: `cycle/1/${correction}`,
  proposal: `hash-${correction}`,
  before: 'as it was',
  facts: facts(more),
});

const broken = (objective: string) => ({
  kind: 'breach' as const,
  service: 'shop',
  objective,
  onset: 0,
  severity: 'critical' as const,
  evidence: { signal: objective, last: { kind: 'value' as const, at: 0, value: 0 }, bound: 'above 0', bad: 1, of: 1 },
});

export const seenBroken = { kind: 'broken' as const, findings: [broken('up')] };

export const diagnosed: Diagnosed = {
  diagnosis: {
    pattern: 'p',
    brokenDependencies: [],
    sentence: 's',
    examinations: ['restart', 'last-good', 'other'].map((correction) => ({ correction, applicable: true, evidence: 'seen' })),
  },
  records: [],
};

export const opened = (corrections: readonly CorrectionBrief[], more: Partial<Extract<Opened, { kind: 'open' }>> = {}): Opened => ({
  kind: 'open',
  incident: 'inc-1',
  configVersion: 'v1',
  onset: serverNow(),
  corrections,
  order: 'learned',
  limits,
  leftovers: [],
  ...more,
});

/** The server's clock, which skips ahead while a test waits. */
export const serverNow = (): number => Context.current().info.currentAttemptScheduledTimestampMs;

/** Everything goes well with the one correction `restart`, except where the script says otherwise. */
export function scriptedWorld(script: Partial<CycleActivities> = {}): ScriptedWorld {
  const calls: string[] = [];
  const inputs = new Map<string, unknown[]>();
  const well: CycleActivities = {
    openIncident: async () => opened([brief('restart')]),
    settleEffects: async () => ({ sentences: [], stranded: [] }),
    observeService: async () => seenBroken,
    diagnoseService: async () => diagnosed,
    prepareCorrection: async ({ correction }) => proposal(correction),
    withdrawCorrection: async () => ({ withdrawn: true }),
    recordAnswer: async () => undefined,
    callPerson: async () => undefined,
    noteWord: async () => undefined,
    verifyDecision: async () => ({ kind: 'verified' }),
    applyCorrection: async () => ({ kind: 'applied', at: serverNow(), after: 'as it is' }),
    awaitRecovery: async () => ({ kind: 'recovered', at: serverNow(), evidence: 'up is 1' }),
    validateHold: async () => ({ kind: 'held', evidence: 'stayed up' }),
    undoCorrection: async () => ({ kind: 'undone', now: 'as it was' }),
    learnLesson: async () => undefined,
    closeIncident: async () => undefined,
  };
  const listening = (name: string, run: (input: never) => Promise<unknown>) => (input: unknown) => {
    calls.push(name);
    inputs.set(name, [...(inputs.get(name) ?? []), input]);
    return run(input as never);
  };
  const entries = Object.entries({ ...well, ...script }).map(([name, run]) => [name, listening(name, run)]);
  return {
    activities: Object.fromEntries(entries) as CycleActivities,
    calls,
    asked: <K extends keyof CycleActivities>(name: K) => (inputs.get(name) ?? []) as Parameters<CycleActivities[K]>[0][],
  };
}
