import type { Took } from '../domain/ask.js';
import type { Diagnosis } from '../domain/diagnosis.js';
import type { MeasuredFinding } from '../domain/finding.js';
import type { GateAnswer, GateFacts } from '../domain/gate.js';
import type { Record } from '../domain/lesson.js';
import type { Outcome } from '../domain/outcome.js';
import type { Privilege } from '../domain/privilege.js';
import type { CorrectionBrief, Limits } from '../domain/service.js';
import type { Storm } from '../domain/storm.js';
import type { HoldVerdict, Verdict } from '../domain/verdict.js';
import type { CycleOrder } from './cycle.js';
import type { DecisionAddress } from './decision.js';
import type { Decision, Signature } from './messages.js';

/** What passes between the healing cycle and its activities. Images and file contents stay in PostgreSQL. */

/** Whose trouble it is, and under which version of the configuration. */
export interface Place {
  readonly service: string;
  readonly instance?: string | undefined;
  readonly configVersion: string;
}

export interface OpenIncident {
  readonly cycle: string;
  readonly workflowId: string;
  readonly round: number;
  readonly order: CycleOrder;
}

export type Opened =
  | {
      readonly kind: 'open';
      readonly incident: string;
      readonly configVersion: string;
      readonly onset: number;
      readonly corrections: readonly CorrectionBrief[];
      readonly order: 'learned' | 'fixed';
      readonly limits: Limits;
      /** What an earlier, ended cycle left half done, by the privilege that settling it needs. */
      readonly leftovers: readonly Leftovers[];
    }
  /** No cycle may be run for this order: its fields contradict the configuration, or the workflow id. */
  | { readonly kind: 'refused'; readonly sentence: string };

/** So many effects of corrections that need this privilege, or none. */
export interface Leftovers {
  readonly privilege?: Privilege;
  readonly count: number;
}

export interface SettleEffects extends Place {
  readonly cycle: string;
  readonly privilege?: Privilege | undefined;
}

/** Sentences on what became of each leftover; `stranded` are those that a person must look at. */
export interface Settled {
  readonly sentences: readonly string[];
  readonly stranded: readonly string[];
}

export interface ObserveService extends Place {
  /** The objective that was reported; without data on it nothing is known. */
  readonly objective?: string | undefined;
}

export type Observation =
  | { readonly kind: 'broken'; readonly findings: readonly MeasuredFinding[] }
  | { readonly kind: 'clear'; readonly evidence: string }
  | { readonly kind: 'noData'; readonly evidence: string };

export interface Diagnosed {
  readonly diagnosis: Diagnosis;
  readonly records: readonly Record[];
  /** The storm in force, unless this service is its source. */
  readonly storm?: Storm;
}

export interface PrepareCorrection extends Place {
  readonly cycle: string;
  readonly incident: string;
  readonly attempt: number;
  readonly correction: string;
}

export type Prepared =
  | {
      readonly kind: 'proposal';
      readonly actionId: string;
      /** Changes whenever what would be done, or what it would be done to, changes; never with time or attempt. */
      readonly proposal: string;
      readonly before: string;
      /** What the target would be afterwards, where its provider can say. */
      readonly goal?: string;
      readonly took?: Took;
      readonly facts: GateFacts;
    }
  | { readonly kind: 'notApplicable'; readonly reason: string };

export interface ApplyCorrection {
  readonly actionId: string;
  readonly permission: string;
  /** What the gate said, recorded as the action begins; a person's yes to an ask is in `permission`. */
  readonly answer: GateAnswer;
  /** How many other instances were acted upon when the policy looked; absent where it does not matter. */
  readonly acting?: number;
}

export type Applied =
  | { readonly kind: 'applied'; readonly at: number; readonly after: string }
  | { readonly kind: 'notApplied'; readonly reason: string }
  /** The last look before the call said no: a stop, a pause, or a lease that passed to another. Nothing was done. */
  | { readonly kind: 'notPermitted'; readonly reason: string }
  /** Others have begun since the policy looked, and what they left is not enough; nothing was done. */
  | { readonly kind: 'noRoom'; readonly reason: string }
  /** Another cycle acts on the same resource; nothing was done. */
  | { readonly kind: 'busy'; readonly reason: string }
  /** Nobody can tell whether it happened; it is not repeated. */
  | { readonly kind: 'unknown'; readonly reason: string };

export interface WithdrawCorrection {
  readonly actionId: string;
  readonly why: string;
}

/** False where a worker had begun it: what became of it is still to be found out. */
export interface Withdrawn {
  readonly withdrawn: boolean;
}

export interface AwaitRecovery extends Place {
  readonly actionId: string;
  readonly broken: readonly string[];
  readonly settleMs: number;
}

/** `recovered`: the symptom is gone now; whether it stays away is for the hold window to say. */
export type Recovery = { readonly kind: 'recovered'; readonly at: number; readonly evidence: string } | Verdict;

export interface ValidateHold extends Place {
  readonly actionId: string;
  readonly broken: readonly string[];
  /** Start of the hold window, ms since the epoch. */
  readonly from: number;
}

export type UndoAnswer = { readonly kind: 'undone'; readonly now: string } | { readonly kind: 'stranded'; readonly reason: string };

export interface LearnLesson extends Place {
  readonly incident: string;
  readonly actionId: string;
  readonly correction: string;
  readonly pattern: string;
  readonly verdict: Verdict;
  readonly undone: boolean;
}

export interface CloseIncident extends Place {
  readonly incident: string;
  readonly cycle: string;
  readonly round: number;
  readonly outcome: Outcome;
  readonly sentence: string;
}

/** `suggestion`, `frozen`, `told`: what the policy wants people to know although the cycle goes on. */
export type CallReason = 'ask' | 'overdue' | 'stranded' | 'escalated' | 'suggestion' | 'frozen' | 'told';

/** Something people must know or decide. Recorded in the ledger; channels deliver it. */
export interface CallPerson extends Place {
  readonly incident: string;
  /** Key within the cycle, so that a call is made once. */
  readonly key: string;
  readonly why: CallReason;
  readonly sentence: string;
  /** What a person is to decide on, in the words that a message shows; the same for every channel. */
  readonly ask?: AskCard | undefined;
}

export interface AskCard {
  readonly proposal: string;
  readonly correction: string;
  /** Why this one and not another. */
  readonly choice: string;
  readonly before: string;
  readonly goal?: string | undefined;
  readonly undo: string;
  readonly touches: string;
  /** How often it held here, in numbers. */
  readonly record: string;
  readonly took: string;
  /** What this cycle tried before and why it was not enough. */
  readonly tried?: string | undefined;
  /** What else the plan has, and why hale leaves it. */
  readonly refused?: string | undefined;
  /** ISO 8601. */
  readonly expires: string;
}

/** The gate's answer when it is not `act`; an `act` is recorded when its action begins. */
export interface RecordAnswer extends Place {
  readonly incident: string;
  readonly key: string;
  readonly correction: string;
  readonly answer: GateAnswer;
}

export interface VerifyDecision extends DecisionAddress {
  readonly decision: Decision;
  readonly signature: Signature;
  /** The same for every delivery of one order. */
  readonly updateId: string;
}

export type Verified = { readonly kind: 'verified' } | { readonly kind: 'refused'; readonly sentence: string };

/** What a person said to the cycle and was obeyed, or why they were not. */
export interface NoteWord extends Place {
  readonly incident: string;
  readonly key: string;
  readonly verb: 'pause' | 'resume' | 'approve' | 'reject' | 'abort' | 'takeOver';
  readonly by: string;
  readonly reason?: string | undefined;
  /** End of a pause, ms since the epoch. */
  readonly until?: number | undefined;
  /** What was decided on; absent where nothing was asked. */
  readonly proposal?: string | undefined;
  readonly correction?: string | undefined;
  /** Whether somebody vouched for the name of who decided. */
  readonly verified?: boolean | undefined;
  /** Why it was not obeyed; absent when it was. */
  readonly refused?: string | undefined;
}

/** What the healing cycle asks of the world, in the order of the runbook. */
export interface CycleActivities {
  openIncident(input: OpenIncident): Promise<Opened>;
  settleEffects(input: SettleEffects): Promise<Settled>;
  observeService(input: ObserveService): Promise<Observation>;
  diagnoseService(input: Place & { readonly cycle: string; readonly findings: readonly MeasuredFinding[] }): Promise<Diagnosed>;
  prepareCorrection(input: PrepareCorrection): Promise<Prepared>;
  recordAnswer(input: RecordAnswer): Promise<void>;
  callPerson(input: CallPerson): Promise<void>;
  noteWord(input: NoteWord): Promise<void>;
  verifyDecision(input: VerifyDecision): Promise<Verified>;
  applyCorrection(input: ApplyCorrection): Promise<Applied>;
  withdrawCorrection(input: WithdrawCorrection): Promise<Withdrawn>;
  awaitRecovery(input: AwaitRecovery): Promise<Recovery>;
  validateHold(input: ValidateHold): Promise<HoldVerdict>;
  undoCorrection(input: { readonly actionId: string; readonly why: string }): Promise<UndoAnswer>;
  learnLesson(input: LearnLesson): Promise<void>;
  closeIncident(input: CloseIncident): Promise<void>;
}
