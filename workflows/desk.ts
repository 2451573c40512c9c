import type { SignalDefinition, UpdateDefinition } from '@temporalio/common';
import { ApplicationFailure, CancellationScope, condition, isCancellation, setHandler } from '@temporalio/workflow';
import type { Verified } from '../contracts/activities.js';
import type { Ask, CycleState } from '../contracts/cycle.js';
import * as messages from '../contracts/messages.js';
import * as schemas from '../contracts/schemas.js';
import type { Decision, Signature, Word } from '../contracts/messages.js';
import { objectionTo, stillMissing } from '../domain/approval.js';
import { read } from './read.js';

/** What a person wants of the cycle itself: stop and undo, or stop and leave everything to them. */
export type Wish = { readonly kind: 'abort' | 'takeOver'; readonly by: string; readonly reason?: string };

export type Answer =
  | { readonly kind: 'approved' | 'rejected'; readonly by: string; readonly reason?: string }
  | { readonly kind: 'expired' | 'interrupted' };

/** `verified`: somebody vouches for the name, and for the groups. */
export type Spoken = Word & { readonly verb: Verb; readonly verified?: boolean; readonly groups?: readonly string[] };
type Verb = 'pause' | 'resume' | 'abort' | 'takeOver' | 'approve' | 'reject';

const TURNED_AWAY_MAX = 50;

const EXAMPLE: { readonly [V in Verb]: string } = {
  pause: '{"by":"ada","reason":"looking myself"}',
  resume: '{"by":"ada"}',
  abort: '{"by":"ada","reason":"wrong alarm"}',
  takeOver: '{"by":"ada","reason":"I have it"}',
  approve: '{"by":"ada","proposal":"7f3a9c01"}',
  reject: '{"by":"ada","reason":"not during the sale"}',
};

/**
 * The person's side of a cycle. Signals (from the Temporal UI) and updates (from CLI and page) end in the same handler;
 * a word that can't be obeyed changes nothing, and the refusal is kept to be shown.
 */
export class Desk {
  readonly refusals: string[] = [];
  paused: { readonly by: string; readonly reason?: string; readonly until?: number } | undefined;
  wish: Wish | undefined;
  ask: Ask | undefined;
  #answer: Answer | undefined;
  #unseenReports = 0;
  #turnedAway = 0;
  #interruptible: CancellationScope | undefined;

  /**
   * @param heard called when a word changed something or was refused
   * @param noted called with every word that is obeyed, and with decisions that were refused; they say what they are about
   */
  constructor(
    private readonly heard: () => void = () => undefined,
    private readonly noted: (spoken: Spoken, about: Ask | undefined, refused?: string) => void = () => undefined,
  ) {}

  /** A report that came after the last look. Looking clears it. */
  get unseenReport(): boolean {
    return this.#unseenReports > 0;
  }

  look(): void {
    this.#unseenReports = 0;
  }

  report(): void {
    this.#unseenReports += 1;
  }

  /** Why a word can't be obeyed now, or undefined when it can. Reads only: update validators use it. */
  objection(spoken: Spoken): string | undefined {
    if (this.wish) return `the cycle already ends: ${this.wish.kind} by ${this.wish.by}`;
    if (spoken.verb === 'resume' && !this.paused) return 'the cycle is not paused';
    if (spoken.verb === 'approve' || spoken.verb === 'reject') return this.#objectionToDecision(spoken, spoken.verb);
    return undefined;
  }

  #objectionToDecision(spoken: Spoken, verb: 'approve' | 'reject'): string | undefined {
    if (!this.ask) return 'nothing is being asked: no proposal is open';
    if (this.#answer) return `already decided: ${this.#answer.kind}${'by' in this.#answer ? ` by ${this.#answer.by}` : ''}`;
    if (Date.now() >= this.ask.expiresAt) return 'the proposal has expired';
    if (spoken.proposal === undefined && this.ask.needsHash) return `say which proposal: it is ${this.ask.proposal}`;
    if (spoken.proposal !== undefined && spoken.proposal !== this.ask.proposal)
      return `the proposal is ${this.ask.proposal}, not ${spoken.proposal}: look again`;
    const decider = { name: spoken.by, groups: spoken.groups ?? [], verified: spoken.verified ?? false };
    return objectionTo(decider, verb, this.ask.rules, this.ask);
  }

  /** Obeys a word or refuses it; returns the sentence that says so. */
  obey(spoken: Spoken): string {
    const objection = this.objection(spoken);
    if (objection !== undefined) return this.turnAway(spoken, objection);
    const said = this.#do(spoken);
    this.noted(spoken, this.ask);
    this.heard();
    return said;
  }

  /** Refuses a word that was understood; who was refused a decision is on record, as far as a flood leaves room for it. */
  turnAway(spoken: Spoken, objection: string): string {
    const isDecision = spoken.verb === 'approve' || spoken.verb === 'reject';
    if (isDecision && (this.#turnedAway += 1) <= TURNED_AWAY_MAX) this.noted(spoken, this.ask, objection);
    return this.refuse(`${spoken.verb} by ${spoken.by} refused: ${objection}`);
  }

  refuse(sentence: string): string {
    this.refusals.push(sentence);
    if (this.refusals.length > 20) this.refusals.shift();
    this.heard();
    return sentence;
  }

  #do({ verb, by, reason, until }: Spoken): string {
    const who = { by, ...(reason === undefined ? {} : { reason }) };
    switch (verb) {
      case 'pause':
        this.paused = { ...who, ...(until === undefined ? {} : { until }) };
        return 'paused: nothing is changed until resumed; the step under way ends first';
      case 'resume':
        this.paused = undefined;
        return 'resumed: hale looks again before it acts';
      case 'approve':
        return this.#yes(who);
      case 'reject':
        this.#answer = { kind: 'rejected', ...who };
        return 'rejected: hale goes on to its next correction, or to a person';
      case 'abort':
      case 'takeOver':
        this.wish = { kind: verb, ...who };
        this.#interruptible?.cancel();
        return verb === 'abort' ? 'aborting: what was changed is undone' : 'taken over: hale stops and undoes nothing';
    }
  }

  #yes(who: { readonly by: string; readonly reason?: string }): string {
    if (this.ask === undefined) return 'nothing is being asked';
    const yes = [...this.ask.yes, who.by];
    const missing = stillMissing(this.ask.rules, yes);
    if (missing !== undefined) {
      this.ask = { ...this.ask, yes };
      return `noted: ${missing}`;
    }
    this.#answer = { kind: 'approved', ...who, by: yes.join(' and ') };
    return 'approved: hale looks again and acts if nothing changed';
  }

  /** Waits while paused. True when it had to wait: the world may have changed, so the caller looks again. */
  async waitedForResume(pauseMsMax: number): Promise<boolean> {
    if (!this.paused) return false;
    const left = Math.min(pauseMsMax, (this.paused.until ?? Infinity) - Date.now());
    const resumed = await condition(() => !this.paused || this.wish !== undefined, Math.max(1, left));
    if (!resumed) this.paused = undefined; // A pause nobody lifts must not keep a broken service waiting for ever.
    return true;
  }

  /** Asks a person. Nobody answering in time never counts as yes. */
  async decisionOn(ask: Ask): Promise<Answer> {
    this.ask = ask;
    this.#answer = undefined; // A decision that came before the question is none.
    this.heard();
    await condition(() => this.#answer !== undefined || this.wish !== undefined, Math.max(1, ask.expiresAt - Date.now()));
    this.ask = undefined;
    if (this.wish) return { kind: 'interrupted' };
    return this.#answer ?? { kind: 'expired' };
  }

  /** Waits, unless a wish comes first. */
  async patience(ms: number): Promise<void> {
    await condition(() => this.wish !== undefined, Math.max(1, ms));
  }

  /** Waits, unless a report or a wish comes first. */
  async quiet(ms: number): Promise<'elapsed' | 'report' | 'wish'> {
    const woken = await condition(() => this.unseenReport || this.wish !== undefined, Math.max(1, ms));
    if (this.wish) return 'wish';
    return woken ? 'report' : 'elapsed';
  }

  /** Runs a look that may take long; a wish cancels it, and the answer is undefined. */
  async interruptible<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (this.wish) return undefined;
    const scope = new CancellationScope({ cancellable: true });
    this.#interruptible = scope;
    try {
      return await scope.run(work);
    } catch (error) {
      if (isCancellation(error) && this.wish) return undefined;
      throw error;
    } finally {
      this.#interruptible = undefined;
    }
  }
}

/** Asks whether a signature vouches for a decision. */
export type Verify = (decision: Decision, signature: Signature) => Promise<Verified>;

/** Opens the desk: every handler is there before the first await, else an early update is refused by the server. */
export function openDesk(desk: Desk, state: () => CycleState, verify: Verify): void {
  setHandler(messages.stateQuery, state, { description: 'What the cycle is doing, why, and what comes next' });
  setHandler(messages.reportSignal, () => desk.report(), { description: 'Look again: something reports that the service is broken' });
  hear(desk, 'pause', messages.pauseSignal, messages.pauseUpdate, 'Change nothing until resumed');
  hear(desk, 'resume', messages.resumeSignal, messages.resumeUpdate, 'Go on; hale looks again first');
  hear(desk, 'abort', messages.abortSignal, messages.abortUpdate, 'End the cycle and undo what it changed');
  hear(desk, 'takeOver', messages.takeOverSignal, messages.takeOverUpdate, 'End the cycle and leave everything as it is');
  hear(desk, 'approve', messages.approveSignal, undefined, 'Say yes to the open proposal');
  hear(desk, 'reject', messages.rejectSignal, undefined, 'Say no to the open proposal');
  hearDecisions(desk, verify);
}

function hear(
  desk: Desk,
  verb: Verb,
  signal: SignalDefinition<[unknown]>,
  update: UpdateDefinition<string, [unknown]> | undefined,
  description: string,
): void {
  const listen = (raw: unknown) => read(schemas.word, raw ?? {}, EXAMPLE[verb]);
  const obey = (raw: unknown): string => {
    const word = listen(raw);
    return word.ok ? desk.obey({ ...word.value, verb }) : desk.refuse(`${verb} refused: ${word.sentence}`);
  };
  setHandler(signal, (raw) => void obey(raw), { description });
  if (update === undefined) return;
  const validator = (raw: unknown): void => {
    const word = listen(raw);
    const objection = word.ok ? desk.objection({ ...word.value, verb }) : word.sentence;
    if (objection !== undefined) throw new Error(`refused: ${objection}`);
  };
  setHandler(update, obey, { validator, description });
}

/**
 * A signed decision is checked outside the workflow, so its handler waits; what it says is obeyed or refused after that, in
 * one step, so that of many decisions one wins.
 */
function hearDecisions(desk: Desk, verify: Verify): void {
  const example = '{"by":"ada","decision":"approve","proposal":"7f3a9c01"}';
  const listen = (raw: unknown) => read(schemas.decision, raw, example);
  const validator = (raw: unknown): void => {
    const heard = listen(raw);
    const objection = heard.ok ? desk.objection(spokenIn(heard.value)) : heard.sentence;
    if (objection !== undefined) throw new Error(`refused: ${objection}`);
  };
  const decide = async (raw: unknown): Promise<string> => {
    const heard = listen(raw);
    if (!heard.ok) throw refusal(desk.refuse(`decide refused: ${heard.sentence}`));
    const spoken = spokenIn(heard.value);
    const { signature } = heard.value;
    const verified: Verified = signature === undefined ? { kind: 'verified' } : await verify(heard.value, signature);
    const objection = verified.kind === 'refused' ? verified.sentence : desk.objection(spoken);
    if (objection !== undefined) throw refusal(desk.turnAway(spoken, objection));
    return desk.obey(spoken);
  };
  setHandler(messages.decideUpdate, decide, { validator, description: 'Approve or reject the open proposal by its hash' });
}

/** As if the signature counted: that it does is found out before anything is obeyed. */
const spokenIn = ({ decision, signature, ...word }: Decision): Spoken => ({
  ...word,
  verb: decision,
  verified: signature !== undefined,
  groups: signature?.groups ?? [],
});

/** Fails the update, not the workflow. */
const refusal = (sentence: string): ApplicationFailure => ApplicationFailure.nonRetryable(sentence, 'Refused');
