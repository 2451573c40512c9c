import { undoClasses } from '../../../domain/service.js';
import type { PlugIn } from '../../plug-in.js';
import { shown } from '../../plug-in/answers.js';
import { unknown } from '../problem.js';

const needed: readonly (keyof PlugIn)[] = ['resource', 'look', 'act'];
const optional: readonly (keyof PlugIn)[] = ['refuse', 'pointless', 'happened', 'takeBack'];
const parts: readonly string[] = ['undo', ...needed, ...optional];

type Exported = Readonly<Record<string, unknown>>;

/** Whether something that a module exports is meant as a correction, be it right or wrong. */
export const isMeantAsPlugIn = (value: unknown): value is Exported =>
  typeof value === 'object' && value !== null && parts.some((part) => part in value);

/** What is wrong with the parts of a correction, in a sentence; undefined where nothing is. */
export function faultOf(exported: Exported): string | undefined {
  const faults = [
    ...Object.keys(exported).flatMap((key) => (parts.includes(key) ? [] : [unknown('part', key, parts)])),
    ...undoFaults(exported),
    ...[...needed, ...optional.filter((part) => exported[part] !== undefined)].flatMap((part) =>
      typeof exported[part] === 'function' ? [] : [`${part} is ${shown(exported[part])}; allowed: a function`],
    ),
  ];
  return faults.length === 0 ? undefined : faults.join(', and ');
}

function undoFaults({ undo, takeBack }: Exported): readonly string[] {
  if (!undoClasses.some((known) => known === undo)) return [`undo is ${shown(undo)}; allowed: ${undoClasses.join(', ')}`];
  if (undo === 'restores' && takeBack === undefined) return ['undo is "restores" without a takeBack; allowed: takeBack, or another undo'];
  if (undo !== 'restores' && takeBack !== undefined)
    return [`undo is ${shown(undo)} beside a takeBack, which would never be called; allowed: undo: 'restores', or no takeBack`];
  return [];
}
