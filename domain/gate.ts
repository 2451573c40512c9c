import type { CorrectionBrief } from './service.js';
import { stormSentence, type Storm } from './storm.js';

/** Everything the policy looks at, gathered right before it decides. Times in ms since the epoch. */
export interface GateFacts {
  readonly now: number;
  readonly stopped: boolean;
  readonly paused?: { readonly until?: number; readonly by: string };
  readonly held?: { readonly since: number; readonly outcome: string };
  /** Who said no to this very proposal in this incident, and when. */
  readonly rejected?: { readonly by: string; readonly at: number };
  /** The storm in force, unless this service is its source. */
  readonly storm?: Storm;
  readonly lastAppliedAt?: number;
  readonly attempts: number;
  readonly attemptsMax: number;
}

/** The answer for one correction now. The rule's name is decision, label and metric in one word. */
export type GateAnswer =
  | { readonly kind: 'act'; readonly rule: GateRule; readonly sentence: string }
  | { readonly kind: 'ask'; readonly rule: GateRule; readonly sentence: string }
  | { readonly kind: 'refuse'; readonly rule: GateRule; readonly sentence: string };

export type GateRule =
  | 'stop'
  | 'paused'
  | 'held'
  | 'storm'
  | 'notYetActive'
  | 'attempts'
  /** Not the policy's word, but that of the lease at the moment of acting. */
  | 'busy'
  | 'rejected'
  | 'cooldown'
  | 'modeObserve'
  | 'modeAsk'
  | 'irreversible'
  | 'modeAct';

/** Refusals that hold for every correction of the service alike: there is no use in trying the next one. */
export function refusesAll(rule: GateRule): boolean {
  return rule === 'stop' || rule === 'paused' || rule === 'held' || rule === 'storm' || rule === 'attempts';
}

/** Decides by the first rule that applies; refusals come first, so adding a reason to refuse never allows more. */
export function gate(correction: CorrectionBrief, facts: GateFacts): GateAnswer {
  return refusal(correction, facts) ?? permission(correction);
}

function refusal(correction: CorrectionBrief, facts: GateFacts): GateAnswer | undefined {
  const refuse = (rule: GateRule, sentence: string): GateAnswer => ({ kind: 'refuse', rule, sentence });
  if (facts.stopped) return refuse('stop', 'automation is stopped: nothing is changed until `hale resume --all`');
  if (facts.paused) return refuse('paused', `paused by ${facts.paused.by}`);
  if (facts.held) return refuse('held', `held since a cycle ended ${facts.held.outcome}: a person resumes it`);
  if (facts.storm) return refuse('storm', `${stormSentence(facts.storm)}: it is one incident, ${facts.storm.incident}, and a person's`);
  if (correction.provider === 'inactive')
    return refuse('notYetActive', `${correction.name} needs a provider that this version does not have`);
  if (facts.attempts >= facts.attemptsMax) return refuse('attempts', `${facts.attempts} of ${facts.attemptsMax} attempts are used`);
  if (facts.rejected) return refuse('rejected', `${correction.name} was rejected by ${facts.rejected.by} and would do the same again`);
  if (cooldownLeftMs(correction, facts) > 0)
    return refuse('cooldown', `${correction.name} acted less than ${correction.cooldownMs / 1000}s ago`);
  if (correction.mode === 'observe') return refuse('modeObserve', `mode observe: hale would have done ${correction.name}`);
  return undefined;
}

function permission(correction: CorrectionBrief): GateAnswer {
  if (correction.undo === 'irreversible')
    return { kind: 'ask', rule: 'irreversible', sentence: `${correction.name} can't be undone: a person decides` };
  if (correction.mode === 'ask') return { kind: 'ask', rule: 'modeAsk', sentence: `mode ask: a person decides on ${correction.name}` };
  return { kind: 'act', rule: 'modeAct', sentence: `mode act: ${correction.name} may be done` };
}

/** How long until this correction may act again, in ms; 0 when it may. */
export const cooldownLeftMs = (correction: CorrectionBrief, { lastAppliedAt, now }: GateFacts): number =>
  lastAppliedAt === undefined ? 0 : Math.max(0, lastAppliedAt + correction.cooldownMs - now);
