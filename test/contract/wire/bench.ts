/**
 * The contract suite on the wire: a provider against a real target, with a line between them that fails in every way that
 * lines fail, and with workers that are killed while they act.
 *
 * To join: write a `WireBench` (benches/http.ts is the shortest), and name it in benches/index.ts. It needs no test runner:
 * the same benches run in `npm test` (5 seeds), in `npm run test:contract -- --seeds 50` and in the acceptance.
 *
 * Where there is no line (`noWire`), what can go wrong between the two is that a worker dies: it is killed at any moment.
 *
 * What counts is the target's own account of what was done to it (`effects`), never what the provider says:
 * `doubled` is an action that the target did more than once, `lost` one that was called done and is not, or the reverse.
 */
import type { Target } from '../../../activities/ports.js';
import type { Image } from '../../../domain/effect.js';
import type { Action } from '../../../domain/service.js';

/** One kind of target for one provider. */
export interface WireBench<A extends Action = Action> {
  readonly name: string;
  /** The provider as a module that Node can load, since a worker of its own is started with it, and killed. */
  readonly provider: ProviderModule;
  /** What it can't promise, and why; those faults are left out, and the table says so. */
  readonly without?: {
    /** It can't say before it acts whether the target changed since it was looked at. */
    readonly compare?: string;
    readonly undo?: string;
    /** A lost answer is never found again: the verdict `unknown` is right then. */
    readonly readBack?: string;
  };
  /** There is no line between provider and target: nothing is lost apart from the process, so workers are killed instead. */
  readonly noWire?: NoWire;
  /** Why it can't be tried on this machine; asked before it is opened. */
  skip?(): Promise<string | undefined>;
  /** What all targets share, such as a server; called once. */
  open?(): Promise<void>;
  close?(): Promise<void>;
  /** A fresh target that is due for correction. */
  arrange(): Promise<WireTarget<A>>;
}

export interface NoWire {
  /** How provider and target meet. */
  readonly why: string;
  /** A worker is killed at some moment within this after it was permitted to act: before, while or after it does. */
  readonly actsWithinMs: number;
}

export interface ProviderModule {
  /** Path of a JavaScript file. */
  readonly file: string;
  /** The function that it exports and that makes the provider. */
  readonly name: string;
}

/** A TCP address, or a socket file. */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

export interface WireTarget<A extends Action = Action> {
  /** Where the target listens; absent where there is no wire. */
  readonly address?: Address;
  /**
   * The correction, told to reach its target at 127.0.0.1 and this port: a line to `address` that the suite may break. Its time
   * limit is the least that it is given: what hangs is waited for so long, and a slow machine has more.
   */
  aimedAt(port: number): Target<A>;
  readonly good?: Image;
  /**
   * Whether these bytes, on their way to the target after permission was given, ask it to act: nothing comes back from then on.
   * Left out: the first of them do. It may count, where what is said on the wire can't be read.
   */
  readonly isAct?: (bytes: Buffer) => boolean;
  /** Likewise for the undo. */
  readonly isUndo?: (bytes: Buffer) => boolean;
  /**
   * Where what is said on the wire can't be read: whether it was done, by the target's own books, asked at each piece that comes
   * back. From then on nothing comes back; a request that is not to arrive breaks off at its first bytes.
   */
  readonly hasActed?: () => boolean;
  /** How often it was acted upon by hale, by its own account; undoing counts for nothing. */
  effects(): Promise<number>;
  /** All of it that the correction may change, as one comparable text. */
  state(): Promise<string>;
  /** Somebody else changes it. */
  disturb(): Promise<void>;
  /** It is gone for good. */
  remove(): Promise<void>;
  close(): Promise<void>;
}
