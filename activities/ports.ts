import type { Took } from '../domain/ask.js';
import type { Effect, EffectState, Image } from '../domain/effect.js';
import type { LastCycle } from '../domain/detection/reporting.js';
import type { Labels } from '../domain/alert.js';
import type { Channel } from '../domain/channel.js';
import type { Sent } from '../domain/delivery.js';
import type { Change } from '../domain/change.js';
import type { Finding } from '../domain/finding.js';
import type { BudgetScope } from '../domain/gate/budget.js';
import type { Turn } from '../domain/gate/flapping.js';
import type { Lesson } from '../domain/lesson.js';
import type { Outcome } from '../domain/outcome.js';
import type { Page } from '../domain/page.js';
import type { Reading, SignalReading } from '../domain/reading.js';
import type { Verdict } from '../domain/verdict.js';
import type { Action, AlertmanagerSource, Bound, Fleet, Instances, Signal, UndoClass } from '../domain/service.js';
import type { Storm } from '../domain/storm.js';

/** What the activities need from the world; adapters implement it, workers wire it. Times are ms since the epoch. */
export interface Ports {
  readonly configurations: Configurations;
  readonly meters: Meters;
  readonly members: Members;
  readonly providers: Providers;
  readonly incidents: Incidents;
  readonly effects: Effects;
  readonly leases: Leases;
  readonly controls: Controls;
  readonly signatures: Signatures;
  readonly lessons: Lessons;
  readonly knownGood: KnownGood;
  readonly samples: Samples;
  readonly shards: Shards;
  readonly cycles: Cycles;
  readonly storms: Storms;
  readonly changes: Changes;
  readonly silences: Silences;
  readonly ground: Ground;
}

/** Resolved configurations by version. A running cycle keeps the version it started with. */
export interface Configurations {
  /** undefined until the first configuration was accepted. */
  current(): Promise<Fleet | undefined>;
  byVersion(version: string): Promise<Fleet | undefined>;
}

/** One question to a meter: a signal with its slots (`$service`, `$instance`, `$host`) already filled in. */
export interface Asked<K extends Signal['kind'] = Signal['kind']> {
  readonly service: string;
  readonly instance?: string;
  readonly signal: Extract<Signal, { kind: K }>;
}

/**
 * Measures signals of one kind. Answers in the order asked, one reading each, and never throws: what went wrong is a
 * `noData` reading with a reason. It is given everything due of its kind at once, so that it may batch.
 */
export interface Meter<K extends Signal['kind'] = Signal['kind']> {
  read(asked: readonly Asked<K>[], abort: AbortSignal): Promise<readonly Reading[]>;
}

export type Meters = { readonly [K in Signal['kind']]: Meter<K> };

/** Finds the instances of a service now. Throws when the source can't tell: an unknown membership is not an empty one. */
export interface Members {
  of(instances: Instances): Promise<readonly string[]>;
}

/** A correction's target: the action with its slots filled in. */
export interface Target<A extends Action = Action> {
  readonly service: string;
  readonly instance?: string;
  readonly action: A;
  readonly timeoutMs: number;
}

/** One permitted call on the world. */
export interface Call<A extends Action = Action> extends Target<A> {
  readonly actionId: string;
  /** Fencing token: grows with every new holder of the resource; a target that compares refuses a smaller one. */
  readonly fence: string;
  readonly before: Image;
  /** What the target is to become, as it was examined, shown and approved: the same for every try of the call. */
  readonly goal?: Image;
  /**
   * An earlier try of this call may still be acting until then, ms since the epoch: its target may say `notApplied` now
   * and have done it a moment later. Absent for a first try.
   */
  readonly underWayUntil?: number;
  readonly abort: AbortSignal;
  /**
   * Must be awaited as the last thing before the world is touched: re-reads stop flag, pause and lease, and throws
   * `NotPermitted` when one of them says no.
   */
  readonly permit: () => Promise<void>;
}

export type Examined =
  | {
      readonly applicable: true;
      readonly evidence: string;
      readonly changedAt?: number;
      /** What the target will be, where the provider chooses that; its identity is part of what a person approves. */
      readonly goal?: Image;
    }
  | { readonly applicable: false; readonly reason: string };

export type ReadBack =
  | { readonly kind: 'applied'; readonly after: Image }
  | { readonly kind: 'notApplied' }
  /**
   * A part of it is in force. The same call of `apply` finishes it, repeating only what its declaration says is safe to repeat;
   * `undo` takes it back. What has begun and is in force nowhere is `notApplied`.
   */
  | { readonly kind: 'partly'; readonly after: Image; readonly left: string }
  | { readonly kind: 'unknown'; readonly why: string };

export type Undone =
  | { readonly kind: 'undone'; readonly now: Image }
  /** The target no longer equals the after-image: somebody else changed it, so it is left alone. */
  | { readonly kind: 'changedMeanwhile'; readonly now: Image };

/** How a command ended; `sentence` says it for people, with the end of what was printed. */
export type CommandEnd =
  | { readonly kind: 'exited'; readonly code: number; readonly stdout: string; readonly sentence: string }
  /** Ended by somebody else's signal, by its time limit or by the call's abort: what it did until then is open. */
  | { readonly kind: 'killed'; readonly sentence: string }
  | { readonly kind: 'notStarted'; readonly sentence: string };

/** What a command is told of the call on whose behalf it runs, and what bounds it. */
export type Errand = Pick<Call, 'service' | 'instance' | 'actionId' | 'fence' | 'timeoutMs' | 'abort'>;

/** Runs commands on behalf of calls. A command is told the call's action id, fence, service and instance, and nothing else. */
export interface Commands {
  /** Why this command can't be started; undefined when it can. */
  missing(argv: readonly string[]): string | undefined;
  /** Never throws. */
  run(argv: readonly string[], call: Errand): Promise<CommandEnd>;
  /**
   * Ends when no command runs that an earlier try of this call has left behind, or answers why one may: then nobody can tell
   * what became of that try.
   */
  awaitLeftover(argv: readonly string[], call: Call): Promise<string | undefined>;
}

/** Repairs targets of one kind. Held to the contract suite in testing/provider.contract.ts. */
export interface Provider<A extends Action = Action> {
  readonly kind: A['kind'];
  /** How a call whose answer was lost is found again. `none`: at most once, then a person is asked. */
  readBackBy(action: A): 'actionId' | 'identity' | 'none';
  /** Who compares the fencing token: the target, or hale itself right before the call (docs/risks.md). */
  readonly fencedBy: 'target' | 'self';
  /** Key of the lease: names the thing acted upon, the same for every service that acts on it. */
  resourceOf(target: Target<A>): Promise<string>;
  /** The target as it is now. Reads only. */
  image(target: Target<A>): Promise<Image>;
  /** Whether there is anything to correct here, and what would come of it; reads only. The one place where a goal is chosen. */
  examine(target: Target<A>, current: Image, good: Image | undefined): Promise<Examined>;
  /**
   * Acts, given that the target still equals `call.before` (or stands where an earlier try of this call left it). Brings
   * about `call.goal` and nothing else, however a goal would be chosen now; refuses one that is gone. Returns the
   * after-image. Throws `NotPermitted` or `TargetRefused` when nothing was done, `ActionFailed` when it was done in
   * vain; any other error leaves it open whether something was.
   */
  apply(call: Call<A>): Promise<Image>;
  /** After an unclear `apply`: did it happen? Reads only; waits for an earlier try that may be under way. */
  readBack(call: Call<A>): Promise<ReadBack>;
  /**
   * Compare-and-set back to `call.before`, only where the target still equals `after`; safe to call again. Asked only of
   * undo class `restores`, under an action id of its own. Throws when it failed.
   */
  undo(call: Call<A>, after: Image): Promise<Undone>;
}

export interface Providers {
  /** undefined for a provider that this version does not have. */
  for(action: Action): Provider | undefined;
}

export interface IncidentOpening {
  /** Key of this opening; see `close`. */
  readonly key: string;
  readonly cycle: string;
  readonly workflowId: string;
  readonly service: string;
  readonly instance?: string | undefined;
  readonly by: string;
  readonly reason?: string | undefined;
  readonly onset: number;
  readonly configVersion: string;
  /** A cycle that starts this soon after the last one ended joins its incident: it is a relapse. */
  readonly relapseWithinMs: number;
}

/** Records of incidents and attempts, and the ledger. Every write is idempotent by its key. */
export interface Incidents {
  /** Joins the service's open or just ended incident, else opens one. Returns the incident's id, the same on every call for one cycle. */
  open(opening: IncidentOpening): Promise<{ readonly incident: string; readonly relapse: boolean }>;
  close(closing: {
    /** Key of this closing: a cycle that is sent back to detect closes again. */
    readonly key: string;
    readonly incident: string;
    readonly cycle: string;
    readonly service: string;
    readonly instance?: string | undefined;
    readonly outcome: Outcome;
    readonly sentence: string;
  }): Promise<void>;
  /** The incident that a cycle which starts now would join; undefined where it would open a new one. */
  joinable(service: string, instance: string | undefined, relapseWithinMs: number): Promise<string | undefined>;
  /** Incidents of these services that have not ended, oldest first. */
  openOf(
    services: readonly string[],
  ): Promise<readonly { readonly incident: string; readonly service: string; readonly instance?: string }[]>;
  /** The last no of a person to this very proposal in this incident; undefined where nobody said it. */
  rejection(incident: string, proposal: string): Promise<{ readonly by: string; readonly at: number } | undefined>;
  /** Appends one event to the ledger; a key already there changes nothing. */
  note(event: LedgerEvent): Promise<void>;
}

/** One line of the ledger. `data` is JSON without secrets. */
export interface LedgerEvent {
  readonly key: string;
  readonly kind: string;
  readonly service: string;
  readonly instance?: string | undefined;
  readonly incident?: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The effects protocol's memory. Each method writes the effect and its ledger event in one transaction. */
export interface Effects {
  get(actionId: string): Promise<Effect | undefined>;
  /** Stores the before-image and the goal. A second call for the action id returns the first one's row. */
  prepare(effect: Omit<Effect, 'state' | 'fence' | 'after'> & { readonly undo: UndoClass }): Promise<Effect>;
  /** Moves to `to` from one of `from`; false when the row was in none of them, or was written under a larger fence. */
  move(actionId: string, from: readonly EffectState[], to: EffectState, more?: EffectChange): Promise<boolean>;
  /**
   * Moves a prepared effect to `intended` where there is room for one more. Room is counted under a lock: no two begin on
   * the last of it. `elsewhere`: as `move` answers false.
   */
  begin(actionId: string, change: EffectChange, room: Room): Promise<Begun>;
  /** How many effects within a budget's time may have touched the world. */
  used(budget: BudgetScope): Promise<number>;
  /** Instances of a service with a change in force that nobody has settled. */
  acting(service: string): Promise<readonly string[]>;
  /** What became of this resource within the last `withinMs`. */
  turns(resource: string, withinMs: number): Promise<readonly Turn[]>;
  /** What validation said about it; shown with the attempt. */
  judge(actionId: string, verdict: Verdict['kind']): Promise<void>;
  /** Effects of earlier cycles that nobody settled, oldest first. */
  open(service: string, instance: string | undefined, exceptCycle: string): Promise<readonly Effect[]>;
  lastAppliedAt(service: string, instance: string | undefined, correction: string): Promise<number | undefined>;
  /** How long this correction took at the service, wherever it held; undefined where it never did. */
  took(service: string, correction: string): Promise<Took | undefined>;
  /** How many effects of this incident may have touched the world. */
  attempts(incident: string): Promise<number>;
  /** Effects of one cycle in this state. */
  ofCycle(cycle: string, state: EffectState): Promise<readonly Effect[]>;
}

export interface EffectChange {
  readonly fence?: string;
  readonly after?: Image;
  readonly why?: string;
}

/** What one more change may take up. */
export interface Room {
  readonly budgets: readonly BudgetScope[];
  /** With more other instances than this acted upon, the policy has to look again; absent where it did not look. */
  readonly actingMax?: number;
}

export type Begun = { readonly kind: 'begun' } | { readonly kind: 'elsewhere' } | { readonly kind: 'noRoom'; readonly why: string };

export type LeaseAnswer =
  | { readonly kind: 'held'; readonly fence: string; readonly expiresAt: number }
  | { readonly kind: 'taken'; readonly by: string; readonly expiresAt: number };

/** Leases on the resources acted upon. Expiry is by the database's clock. */
export interface Leases {
  /**
   * Takes the lease, or extends it for its holder. Every call that gets it gets a larger fencing token, so that a retry
   * of an activity outranks a frozen earlier try of the same one.
   */
  acquire(resource: string, holder: string, ttlMs: number): Promise<LeaseAnswer>;
  /** Whether this holder still has the lease under this token, for at least `forMs` more. */
  holds(resource: string, holder: string, fence: string, forMs: number): Promise<boolean>;
  /**
   * Leases of earlier cycles of this service or instance pass to `heir`, under a larger fence: the workflow id is the
   * mutex, so those cycles have ended, even where nothing of theirs could say so.
   */
  inherit(service: string, instance: string | undefined, heir: string): Promise<void>;
  releaseAll(holder: string): Promise<void>;
  /** Who holds it now, but for cycles of this service or instance itself: theirs would pass on. */
  heldByOther(resource: string, service: string, instance: string | undefined): Promise<string | undefined>;
}

/** What people set: stop, pauses, holds. Unreachable means no effect. */
export interface Controls {
  stopped(): Promise<boolean>;
  paused(service: string): Promise<{ readonly by: string; readonly until?: number } | undefined>;
  held(service: string, instance: string | undefined): Promise<{ readonly since: number; readonly outcome: Outcome } | undefined>;
  /** Who works on the service, or has taken over another part of it. */
  atWork(service: string, instance: string | undefined): Promise<{ readonly by: string; readonly what: string } | undefined>;
  /** When somebody last let go of a stop, a pause or a hold, ms since the epoch. */
  liftedAt(): Promise<number | undefined>;
  hold(service: string, instance: string | undefined, outcome: Outcome, incident: string): Promise<void>;
  /** The symptom stayed away for the hold window. */
  releaseHold(service: string, instance: string | undefined, why: string): Promise<void>;
}

/** Keys and used signatures of decisions. */
export interface Signatures {
  key(id: string): Promise<Uint8Array | undefined>;
  /** Uses a signature up; a repeated delivery of the same order is fresh again. Expiry is by the database's clock. */
  use(nonce: string, usedBy: string, expiresAt: number): Promise<'fresh' | 'expired' | 'used'>;
}

export interface Lessons {
  record(lesson: Lesson): Promise<void>;
  /** Lessons on this pattern, of the service first, else of its class. */
  about(pattern: string, service: string, serviceClass: string | undefined): Promise<readonly Lesson[]>;
}

/** Images of targets seen while the service was healthy. */
export interface KnownGood {
  latest(
    service: string,
    instance: string | undefined,
    correction: string,
  ): Promise<{ readonly image: Image; readonly lastGoodAt: number } | undefined>;
  record(service: string, instance: string | undefined, correction: string, image: Image): Promise<void>;
}

export interface Samples {
  /** The readings of one signal since `from`, oldest first. */
  since(service: string, instance: string | undefined, signal: string, from: number): Promise<readonly Reading[]>;
  /** Of the readings of one signal since `from`: how many have a value, and how many of those are outside the bound. */
  tally(
    service: string,
    instance: string | undefined,
    signal: string,
    from: number,
    bound: Bound,
  ): Promise<{ readonly bad: number; readonly of: number }>;
  /** All readings of these services since `from`, oldest first. */
  ofServices(services: readonly string[], from: number): Promise<readonly SignalReading[]>;
}

/** State of one watch shard. A claim is the right of one attempt to write; a later attempt's claim ends it. */
export interface Shards {
  /** Claims the shard with a generation above every earlier one, and returns the detector state saved last. */
  claim(shard: number): Promise<{ readonly generation: string; readonly state: unknown }>;
  /**
   * Stores readings (of two with one time the last wins) and, when given, the detector state; false when a later claim
   * exists and nothing was written.
   */
  store(shard: number, generation: string, readings: readonly SignalReading[], state?: unknown): Promise<boolean>;
}

/** Running cycles, as seen from watch. */
export interface Cycles {
  /** Starts the cycle of the finding's service or instance, or tells the running one to look again. */
  report(finding: Finding): Promise<void>;
  /** The last cycle of this service or instance, as Temporal knows it: also one that was terminated. */
  last(service: string, instance: string | undefined): Promise<LastCycle>;
}

/** Somebody saw a service in trouble: watch by its readings, intake by an alert that fires. */
export interface TroubleNote {
  readonly service: string;
  /** Its onset, ms since the epoch. Storms are told by onsets, however late they become known. */
  readonly since: number;
  readonly by: string;
}

/** Many services in trouble at once. Whoever is about to start a cycle asks first, and starts none for a member. */
export interface Storms {
  /**
   * Keeps that this service is in trouble now, and answers the storm in force, which this note may have opened. To be
   * repeated while the trouble stands, at least each 30 s: what nobody notes has passed.
   */
  note(trouble: TroubleNote): Promise<Storm | undefined>;
  /** The storm in force. Ends one whose services have recovered. */
  current(): Promise<Storm | undefined>;
}

/** Sends messages by channels of one kind. Never throws, and gives up at once when called off. No answer holds a secret. */
export interface Notifier<K extends Channel['kind'] = Channel['kind']> {
  send(channel: Extract<Channel, { kind: K }>, page: Page, abort: AbortSignal): Promise<Sent>;
}

export type Notifiers = { readonly [K in Channel['kind']]: Notifier<K> };

/** What people and machines changed, as the change feed knows it. */
export interface Changes {
  /** Changes of this service that last made a difference after `since`, newest first, at most twenty. */
  recent(service: string, since: number): Promise<readonly Change[]>;
  /** One that has begun and not ended: a rollout, say. */
  inProgress(service: string): Promise<Change | undefined>;
}

/** What people told an Alertmanager to be silent about. */
export interface Silences {
  /** A silence in force that names this service and is not hale's own; never throws: `unknown` where nobody can tell. */
  about(source: AlertmanagerSource, service: string): Promise<Silence>;
}

export type Silence =
  | { readonly kind: 'none' }
  | { readonly kind: 'silenced'; readonly by: string; readonly until: number; readonly comment: string }
  | { readonly kind: 'unknown'; readonly why: string };

/** Makes an Alertmanager silent about one alert, for a while. Throws where it does not answer, or refuses. */
export interface Silencer {
  /**
   * Sets a silence on exactly these labels, or renews the one of this id. Answers its id, which may be another, and its start
   * by the server's clock: a renewal that names another start replaces the silence.
   */
  set(
    source: AlertmanagerSource,
    silence: {
      readonly id?: string;
      readonly labels: Labels;
      readonly from: number;
      readonly until: number;
      readonly comment: string;
    },
  ): Promise<{ readonly id: string; readonly startsAt: number }>;
  /** One that has ended already is no error. */
  end(source: AlertmanagerSource, id: string): Promise<void>;
}

/** What hale itself stands on. */
export interface Ground {
  /** What of hale's own a correction would act on, recognised by identity: its PostgreSQL, its Temporal, its state folder, itself. */
  ownOf(target: Target, resource: string): Promise<string | undefined>;
}
