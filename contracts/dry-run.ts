import type { GateAnswer, GateFacts } from '../domain/gate.js';
import type { CorrectionBrief } from '../domain/service.js';
import type { Diagnosed, ObserveService, Observation, Place } from './activities.js';
import type { MeasuredFinding } from '../domain/finding.js';

/** Input of `dryRun`; every field but `service` may be left out. */
export interface DryRunOrder {
  readonly service: string;
  readonly instance?: string | undefined;
  readonly by: string;
  /** Only this one, whether or not the symptom stands: what the gate says about it now. */
  readonly correction?: string | undefined;
}

/** What a cycle would see, plan and be told by the gate, up to the first effect. */
export interface DryRun {
  readonly service: string;
  readonly instance?: string | undefined;
  readonly configVersion: string;
  /** What is measured now; absent where one correction was asked for. */
  readonly seen?: { readonly kind: Observation['kind'] | 'waits'; readonly sentence: string };
  /** In the order of the plan. */
  readonly steps: readonly DryStep[];
}

export type DryStep =
  | {
      readonly kind: 'considered';
      readonly correction: string;
      readonly why?: string;
      readonly proposal: string;
      readonly before: string;
      readonly goal?: string;
      readonly answer: GateAnswer;
      /** Everything else that speaks against acting. */
      readonly objections: readonly GateAnswer[];
      readonly facts: GateFacts;
    }
  | { readonly kind: 'skipped'; readonly correction: string; readonly why: string };

export type Surveyed =
  | {
      readonly kind: 'known';
      readonly configVersion: string;
      readonly corrections: readonly CorrectionBrief[];
      readonly order: 'learned' | 'fixed';
      /** The incident that a cycle would join. */
      readonly incident?: string;
    }
  | { readonly kind: 'refused'; readonly sentence: string };

export interface Rehearse extends Place {
  readonly correction: string;
  readonly incident?: string | undefined;
}

export type Rehearsed =
  | {
      readonly kind: 'proposal';
      readonly proposal: string;
      readonly before: string;
      readonly goal?: string;
      readonly facts: GateFacts;
    }
  | { readonly kind: 'notApplicable'; readonly reason: string };

/** What a dry run asks of the world. All of it is made over ports that can't write. */
export interface DryRunActivities {
  surveyService(input: { readonly service: string; readonly instance?: string | undefined }): Promise<Surveyed>;
  rehearseObservation(input: ObserveService): Promise<Observation>;
  rehearseDiagnosis(input: Place & { readonly findings: readonly MeasuredFinding[] }): Promise<Diagnosed>;
  rehearseCorrection(input: Rehearse): Promise<Rehearsed>;
}
