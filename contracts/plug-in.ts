import type { UndoClass } from '../domain/service.js';

/**
 * What a module of your own exports to bring hale a correction: `import { defineCorrection } from 'hale/plug-in'`.
 * docs/plug-ins.md tells how; the contract suite that hale's own providers keep is `hale/testing`.
 */
export interface PlugIn<With = Readonly<Record<string, unknown>>> {
  /** What undoing means; `restores` needs `takeBack`, and no other has one. */
  readonly undo: UndoClass;
  /** What is wrong with the `with:` of the configuration: a sentence with field, value and what is allowed; undefined where it will do. */
  readonly refuse?: (options: With) => string | undefined;
  /** Names the thing acted upon, the same for every service that acts on it: no two cycles act on one thing. */
  readonly resource: (options: With) => string;
  /** The target as it is now; reads only. Throw `Refused` when there is none. */
  readonly look: (options: With, abort: AbortSignal) => Promise<Seen>;
  /** Why there is nothing to correct here; undefined where there is. Reads only. */
  readonly pointless?: (options: With, seen: Seen) => string | undefined;
  /**
   * Acts once. hale has looked, asked its policy and taken the lease; give `call.actionId` to the target, so that `happened` can
   * ask it. Throw `Refused` when nothing was done; any other error leaves it open whether something was, and hale asks `happened`.
   */
  readonly act: (options: With, call: PlugInCall) => Promise<void>;
  /**
   * Whether the action of this id was done, asked after an answer that was lost; undefined when nobody can tell, also of what failed
   * halfway. Without it an action of unclear fate is left to a person.
   */
  readonly happened?: (options: With, call: PlugInCall) => Promise<boolean | undefined>;
  /** Brings `call.before` back. hale has made sure that the target still is as the action left it. */
  readonly takeBack?: (options: With, call: PlugInCall) => Promise<void>;
}

/** The state of a target: `identity` is the same exactly while nothing has changed; `content` is what `takeBack` needs, without secrets. */
export interface Seen {
  readonly identity: string;
  /** For people: what it is now, in a few words. */
  readonly summary: string;
  readonly content?: Readonly<Record<string, unknown>>;
}

export interface PlugInCall {
  /** The same for every try of one action. */
  readonly actionId: string;
  /** Grows with every new holder of the resource; a target that compares refuses a smaller one. */
  readonly fence: string;
  readonly before: Seen;
  readonly timeoutMs: number;
  readonly abort: AbortSignal;
}

/** The target refused, is gone or changed: nothing was done. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** Types the options; what it is given is what it returns. */
export const defineCorrection = <With = Readonly<Record<string, unknown>>>(plugIn: PlugIn<With>): PlugIn<With> => plugIn;
