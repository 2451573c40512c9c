import { z } from 'zod';
import type { Action, Mode, UndoClass } from '../../../domain/service.js';
import type { Context } from '../context.js';
import { argv, choice, duration, text } from '../scalars.js';
import type { Node } from '../tree.js';

/** What the file can say of corrections of one kind, and what it means. */
export interface CorrectionKind<Keys extends z.core.$ZodShape = z.core.$ZodShape> {
  /** The key that makes a correction one of this kind. */
  readonly main: keyof Keys & string;
  /** Its own keys, the main one too; what every correction has is in file.ts. */
  readonly keys: Keys;
  /** What is meant where nobody wrote anything. */
  readonly defaults?: (written: Node) => Readonly<Record<string, unknown>>;
  /** Its mode where nobody wrote one, in place of the policy's. */
  readonly mode?: Mode;
  /** The most that its mode is where nobody wrote one for it. */
  readonly modeAtMost?: Mode;
  /** What undoing means: a fact of the action. Absent where only the file can know it, as for programs and requests. */
  readonly undo?: (written: Node, context: Context) => UndoClass;
  /** What the provider is to do; undefined when what it needs was reported as missing. */
  readonly action: (file: z.output<z.ZodObject<Keys>>, where: Where) => Action | undefined;
}

/** Where a correction stands: what it may refer to, and where to say what is wrong. */
export interface Where {
  readonly node: Node;
  readonly service: Node;
  readonly context: Context;
}

/** Lets each kind know its own keys by their types. */
export const correctionKind = <Keys extends z.core.$ZodShape>(kind: CorrectionKind<Keys>): CorrectionKind<Keys> => kind;

/** A kind whose own types are of no interest to those who go through all of them. */
export type AnyKind = Omit<CorrectionKind, 'action' | 'main'> & {
  readonly main: string;
  readonly action: (file: never, where: Where) => Action | undefined;
};

/** Keys that mean the same beside several kinds. */
export const onlyIf = z.strictObject({ changedWithin: duration('1s', '30d') }).optional();
export const on = choice('service', 'instance').optional();
export const restore = choice('lastGood', 'previous').optional();
export const then = argv.optional().describe('Runs afterwards, and again after an undo');
export const through = text.optional().describe('The controller, as in managedBy, whose own interface this is');
export const olderThan = duration('100ms', '30d')
  .optional()
  .describe('How long a query runs, a transaction lasts, nobody reads a slot, or a log is left alone, at least');
export const repeatable = z.boolean().optional().describe('May be done again when nobody knows whether it was done');
export const verify = z
  .union([argv, z.string()], { error: 'a program as [argv], or a URL, that tells by action id whether the correction was applied' })
  .optional();
