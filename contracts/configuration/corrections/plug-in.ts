import { z } from 'zod';
import type { Action } from '../../../domain/service.js';
import type { PlugIn } from '../../plug-in.js';
import { type Asked, reasonIn, resourceIn } from '../../plug-in/answers.js';
import type { Context } from '../context.js';
import { unknown } from '../problem.js';
import { absolutePath, name } from '../scalars.js';
import { type Node, at, textOf } from '../tree.js';
import { correctionKind, onlyIf, repeatable, through } from './kind.js';

const option = z.union([z.string().max(20_000), z.number(), z.boolean()], { error: 'a text, a number, or true or false' });
const value = z.union([option, z.array(option).max(1000)], { error: 'a text, a number, true or false, or a list of such' });

/** A correction from a module of people's own; the module itself says what undoing means. */
export const plugIn = correctionKind({
  main: 'plugIn',
  keys: {
    plugIn: absolutePath.optional().describe('A JavaScript module, or the folder of a package, that exports corrections'),
    correction: name.optional().describe('Which of its corrections'),
    with: z.record(name, value).optional().describe('What the module is told'),
    repeatable,
    onlyIf,
    through,
  },
  undo: (written, context) => exportedBy(written, context)?.undo ?? 'irreversible',
  action: (file, { node, context }): Action | undefined => {
    const [module = '', correction = '', options = {}] = [file.plugIn, file.correction, file.with];
    const found = exportedBy(node, context, true);
    if (found === undefined) return undefined;
    const why = refusalBy(found, { module, correction }, options);
    if (why !== undefined) context.problems.error((at(node, 'with') ?? node).place, why);
    return { kind: 'plugIn', module, correction, options, tells: found.happened !== undefined };
  },
});

/** Why these options won't do, in the words of the module, or what is wrong with what it says to them. */
function refusalBy({ refuse, resource }: PlugIn, asked: Asked, options: Readonly<Record<string, unknown>>): string | undefined {
  try {
    const why = reasonIn(asked, 'refuse', () => refuse?.(options));
    if (why !== undefined) return `is refused by ${asked.correction} of ${asked.module}: ${why}`;
    // What stands for a service or an instance is filled in when it acts.
    if (!JSON.stringify(options).includes('$')) resourceIn(asked, () => resource(options));
    return undefined;
  } catch (error) {
    return `can't be tried: ${(error as Error).message}`;
  }
}

/** What the module exports under that name; where `says`, it is reported why there is none. */
function exportedBy(node: Node, { plugIns, problems }: Context, says = false): PlugIn | undefined {
  const [path, named] = [at(node, 'plugIn'), at(node, 'correction')];
  const module = textOf(path) ?? '';
  const loaded = plugIns.get(module);
  const complain = (place: Node | undefined, sentence: string): undefined => void (says && problems.error((place ?? node).place, sentence));
  if (loaded === undefined || typeof loaded === 'string') return complain(path, `${module} can't be loaded: ${loaded ?? 'nobody tried'}`);
  const known = Object.keys(loaded);
  if (named === undefined) return complain(node, `is missing its correction; allowed: correction: one of ${known.join(', ')}`);
  const correction = textOf(named) ?? '';
  const found = Object.hasOwn(loaded, correction) ? loaded[correction] : undefined;
  if (found === undefined) return complain(named, unknown('correction', correction, known));
  return typeof found === 'string' ? complain(named, `${correction} of ${module} can't be used: ${found}`) : found;
}
