import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Finding } from '../domain/finding.js';
import type { CycleState } from './cycle.js';

/** What a person says with a signal or an update. `by` is whoever claims to speak; the Temporal UI does not verify it. */
export interface Word {
  readonly by: string;
  readonly reason?: string | undefined;
  /** Short hash of the proposal on screen, shown first in current details. */
  readonly proposal?: string | undefined;
  /** When a pause ends by itself, ms since the epoch; the service's own limit may end it earlier. */
  readonly until?: number | undefined;
}

export interface Decision extends Word {
  readonly decision: 'approve' | 'reject';
  readonly proposal: string;
  /** Absent from the Temporal UI: then nobody vouches for `by`. */
  readonly signature?: Signature | undefined;
}

/** Vouches for who decides. Made by the CLI and the page, valid once and for a short time; `signedText` says what it covers. */
export interface Signature {
  readonly key: string;
  readonly nonce: string;
  /** By the database's clock, ms since the epoch. */
  readonly expiresAt: number;
  /** Groups of the person, as whoever signs knows them. */
  readonly groups: readonly string[];
  readonly mac: string;
}

/** From watch, intake or a person: "look again". Level-triggered; repeating it changes nothing. */
export interface Report {
  readonly by: string;
  readonly finding?: Finding;
}

// Signals take anything: what a person typed is checked in the handler, where a mistake is shown instead of thrown.
export const reportSignal = defineSignal<[unknown]>('report');
export const pauseSignal = defineSignal<[unknown]>('pause');
export const resumeSignal = defineSignal<[unknown]>('resume');
export const approveSignal = defineSignal<[unknown]>('approve');
export const rejectSignal = defineSignal<[unknown]>('reject');
export const abortSignal = defineSignal<[unknown]>('abort');
export const takeOverSignal = defineSignal<[unknown]>('takeOver');

export const decideUpdate = defineUpdate<string, [unknown]>('decide');
export const pauseUpdate = defineUpdate<string, [unknown]>('pause');
export const resumeUpdate = defineUpdate<string, [unknown]>('resume');
export const abortUpdate = defineUpdate<string, [unknown]>('abort');
export const takeOverUpdate = defineUpdate<string, [unknown]>('takeOver');

export const stateQuery = defineQuery<CycleState>('state');
