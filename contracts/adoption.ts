import { z } from 'zod';
import { outcomes } from '../domain/outcome.js';

/** What the commands print by which a team adopts hale: public API, as in contracts/cli.ts. */

const time = z.iso.datetime();
const maybe = <T extends z.ZodType>(schema: T) => schema.nullable();

const proposal = z.object({
  at: time,
  correction: z.string(),
  answer: z.enum(['act', 'ask', 'refuse']),
  rule: z.string(),
  sentence: z.string(),
  /** Corrections before it in the plan about which history says nothing. */
  notEvaluable: z.array(z.object({ correction: z.string(), why: z.string() })),
});

const trouble = z.object({
  service: z.string(),
  instance: maybe(z.string()),
  onset: time,
  foundAt: time,
  /** null: it stands at the end of the history. */
  endedAt: maybe(time),
  lastedSeconds: z.number(),
  findings: z.array(z.object({ kind: z.string(), objective: z.string(), onset: time, severity: z.string(), evidence: z.string() })),
  proposals: z.array(proposal),
  /** When a person would have been called, and why. */
  calls: z.array(z.object({ at: time, why: z.string() })),
  waits: z.array(z.object({ at: time, why: z.string() })),
});

/** A ratio with what it rests on; null where there is nothing to divide by. */
const ratio = z.object({ value: maybe(z.number()), numerator: z.number(), denominator: z.number() });

export const backtest = z.object({
  from: time,
  until: time,
  stepSeconds: z.number(),
  services: z.number().int(),
  totals: z.object({
    findings: z.number().int(),
    troubles: z.number().int(),
    proposals: z.number().int(),
    calls: z.number().int(),
    watchedServiceHours: z.number(),
    quietServiceHours: z.number(),
    /** Proposals per 1,000 service-hours in which nothing was found. */
    proposalsPer1000QuietServiceHours: ratio,
    /** Objective-hours without data, of all. */
    noDataShare: ratio,
  }),
  troubles: z.array(trouble),
  notEvaluable: z.array(z.object({ service: z.string(), part: z.string(), why: z.string() })),
});

export const marks = ['right', 'wrong'] as const;
export type Mark = (typeof marks)[number];

const suggestion = z.object({ at: time, correction: z.string(), answer: z.string(), rule: z.string(), sentence: z.string() });

const reviewed = z.object({
  incident: z.string(),
  service: z.string(),
  instance: maybe(z.string()),
  startedAt: time,
  endedAt: maybe(time),
  /** How long the symptom lasted: from its onset to the end of the incident. */
  lastedSeconds: maybe(z.number()),
  outcome: maybe(z.enum(outcomes)),
  sentence: maybe(z.string()),
  /** What hale would have done, or did. */
  suggestions: z.array(suggestion),
  acted: z.array(z.object({ correction: z.string(), verdict: maybe(z.string()), undone: z.boolean() })),
  /** What people said or did, and how it went without hale. */
  instead: z.array(z.string()),
  mark: maybe(z.object({ mark: z.enum(marks), by: z.string(), at: time })),
});

export const review = z.object({
  incidents: z.array(reviewed),
  /** Marked right, of all that are marked; with the Wilson interval of 95%. */
  agreement: ratio.extend({ low: maybe(z.number()), high: maybe(z.number()) }),
});

export const marked = z.object({ incident: z.string(), mark: z.enum(marks), by: z.string(), changed: z.boolean() });

/** `written`: the file is new. `equal` and `different`: it was there and is left as it is. */
export const initialised = z.object({
  file: z.string(),
  result: z.enum(['written', 'equal', 'different']),
  services: z.number().int(),
  /** What was found and not understood, a sentence each. */
  leftOut: z.array(z.string()),
  diff: z.string(),
});

export const imported = z.object({ configuration: z.string(), leftOut: z.array(z.string()) });

export type Backtest = z.infer<typeof backtest>;
export type Review = z.infer<typeof review>;
export type Reviewed = z.infer<typeof reviewed>;
