import { freezeDefault } from '../../domain/gate/flapping.js';
import { isNeverOpen, type NamedInterval } from '../../domain/gate/time-interval.js';
import type { AlertmanagerSource, Policy, SilencePolicy } from '../../domain/service.js';
import { alertmanagersOf, silenceMsDefault } from './alertmanagers.js';
import type { Context } from './context.js';
import { includedFile } from './file.js';
import { unknown } from './problem.js';
import { namedIntervals } from './time-intervals.js';
import { type Node, at, plain } from './tree.js';

const policyFile = includedFile.pick({ policy: true, time_intervals: true }).strip();

/** What the file says for the whole fleet; undefined where it says nothing of the kind. */
export function resolvePolicy(context: Context): Policy | undefined {
  const { policy = {}, time_intervals } = policyFile.parse(plain(context.root));
  const { budgets, storm, freeze, yieldTo, maintenance, errorBudget, resume } = policy;
  const intervals = namedIntervals(time_intervals);
  intervalsNamed(at(context.root, 'policy', 'maintenance'), context);
  checkTwice(context);
  if (maintenance !== undefined && !yieldTo?.includes('maintenance'))
    context.problems.warn(at(context.root, 'policy', 'maintenance')?.place, 'means nothing without yieldTo: [maintenance]');
  const yielding = at(context.root, 'policy', 'yieldTo')?.place;
  if (yieldTo?.includes('maintenance') && (maintenance ?? []).length === 0)
    context.problems.warn(
      yielding,
      'names maintenance, but no interval is one; allowed: maintenance: [night], with a time interval of that name',
    );
  const alertmanagers = alertmanagersOf(context);
  if (yieldTo?.includes('alertmanagerSilence') && alertmanagers.length === 0)
    context.problems.warn(yielding, 'names alertmanagerSilence, but no source is one; allowed: sources: {am: {alertmanager: URL}}');
  const silence = silenceOf(policy.silence, alertmanagers, context);
  const resolved: Policy = {
    ...(storm && { storm: { share: storm.services, withinMs: storm.within } }),
    ...(budgets && { budgets: budgets.map(({ max, in: inMs, per }) => ({ max, inMs, per })) }),
    ...(freeze && {
      freeze: { reversals: freeze.reversals ?? freezeDefault.reversals, withinMs: freeze.within ?? freezeDefault.withinMs },
    }),
    ...(yieldTo && { yieldTo }),
    ...(intervals.length > 0 && { timeIntervals: intervals }),
    ...(maintenance && { maintenance }),
    ...(errorBudget && { errorBudget }),
    ...(resume && { resume }),
    ...(alertmanagers.length > 0 && { alertmanagers }),
    ...(silence && { silence }),
  };
  return Object.keys(resolved).length === 0 ? undefined : resolved;
}

/** The intervals that a list of names asks for; a name that nobody defined is reported. */
export function intervalsNamed(list: Node | undefined, { root, problems }: Context): string[] {
  const known = namesOf(root);
  const names = (plain(list) as string[] | undefined) ?? [];
  names.forEach((name, index) => {
    if (!known.includes(name)) problems.error(at(list, index)?.place, unknown('time interval', name, known));
    else if (neverOpen(root).includes(name))
      problems.warn(
        at(list, index)?.place,
        `is ${name}, which is never open: its time_intervals, or a list in them, are empty; allowed: such as [{times: [{start_time: 09:00, end_time: 17:00}]}]`,
      );
  });
  return names;
}

const intervalsOf = (root: Node): NamedInterval[] => namedIntervals(policyFile.parse(plain(root)).time_intervals);

const namesOf = (root: Node): string[] => intervalsOf(root).map(({ name }) => name);

const neverOpen = (root: Node): string[] => intervalsOf(root).flatMap(({ name, intervals }) => (isNeverOpen(intervals) ? [name] : []));

function checkTwice({ root, problems }: Context): void {
  namesOf(root).forEach((name, index, names) => {
    if (names.indexOf(name) < index)
      problems.error(at(root, 'time_intervals', index, 'name')?.place, `is ${name}, which stands above already`);
  });
}

function silenceOf(
  file: { readonly source: string; readonly for?: number | undefined } | undefined,
  alertmanagers: readonly AlertmanagerSource[],
  { root, problems }: Context,
): SilencePolicy | undefined {
  if (file === undefined) return undefined;
  const source = alertmanagers.find(({ name }) => name === file.source);
  if (source !== undefined) return { source, forMs: file.for ?? silenceMsDefault };
  const known = alertmanagers.map(({ name }) => name);
  problems.error(at(root, 'policy', 'silence', 'source')?.place, unknown('Alertmanager among sources', file.source, known));
  return undefined;
}
