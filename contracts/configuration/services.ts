import { fillSlots } from '../../domain/detection/slots.js';
import type { Correction, Instances, Limits, Objective, Override, Service, Signal } from '../../domain/service.js';
import { type Context, filled, prometheusNamed, secretNamed, targetDefaults } from './context.js';
import { type Given, resolveCorrection } from './corrections/resolve.js';
import { type ServiceHead, serviceHead } from './file.js';
import { modeOf, resolveLimits } from './limits.js';
import { holdMsDefault, resolveObjective } from './objectives.js';
import { intervalsNamed } from './policy.js';
import { unknown } from './problem.js';
import { alertsOf, alertsDefault } from './intake.js';
import { type Resolved, resolveSignal } from './signals.js';
import { type Node, at, emptyMap, keysOf, merge, plain, textOf } from './tree.js';

/** Resolves one service: its class as the template, its own lines on top, hale's defaults beneath. */
export function resolveService(name: string, context: Context): Resolved<Service> {
  const own = at(context.root, 'services', name) ?? emptyMap;
  const template = templateOf(own, context);
  const node = merge(template ?? emptyMap, own);
  const file = serviceHead.parse(plain(node));
  const signals = named(node, 'signals', (key, child) => resolveSignal(key, child, node, context));
  const objectives = named(node, 'objectives', (key, child) => resolveObjective(key, child, node, valuesOf(signals), context));
  const longest = longestOf(valuesOf(objectives), valuesOf(signals));
  const corrections = named(node, 'corrections', (key, child) =>
    resolveCorrection(key, child, node, { mode: modeOf(key, own, template, context), ...longest }, context),
  );
  const limits = resolveLimits(node, context);
  const instances = instancesOf(name, file, node, valuesOf(signals), context);
  checkSlots(name, node, { signals, corrections, instances }, context);
  checkTeam(node, context);
  secretNamed(at(node, 'target', 'password'), context);
  if (keysOf(at(node, 'objectives')).length === 0) context.problems.warn(own.place, 'has no objectives: hale watches nothing here');
  const overrides = overridesOf(file, node, context);
  const managedBy = textOf(at(node, 'target', 'managedBy'));
  const changesOnlyIn = changeWindowsOf(own, template, context);
  const value: Service = {
    name,
    ...(file.class !== undefined && { class: file.class }),
    ...(file.team !== undefined && { team: file.team }),
    dependsOn: file.dependsOn ?? [],
    ...(instances && { instances }),
    signals: valuesOf(signals),
    objectives: valuesOf(objectives),
    corrections: valuesOf(corrections),
    order: file.order ?? 'learned',
    limits: instances === undefined ? ofOneUnit(limits.value, node, context) : limits.value,
    ...(overrides.length > 0 && { overrides }),
    ...(file.alerts && { alerts: alertsOf(file.alerts, name) }),
    ...(managedBy !== undefined && { managedBy }),
    ...(changesOnlyIn.length > 0 && { changesOnlyIn }),
    ...(file.silence === true && { silence: true }),
  };
  return { value, node: effective(name, node, { signals, objectives, corrections }, limits.node) };
}

/** The policy's windows, the class's and the service's own: each may make the time for changes shorter, none longer. */
function changeWindowsOf(own: Node, template: Node | undefined, context: Context): string[] {
  const lists = [at(context.root, 'policy', 'changesOnlyIn'), at(template, 'changesOnlyIn'), at(own, 'changesOnlyIn')];
  return [...new Set(lists.flatMap((list) => intervalsNamed(list, context)))];
}

/** A service without instances is one thing: nothing of it can be left healthy while it is acted on. */
function ofOneUnit({ atOnce, minHealthy, ...limits }: Limits, node: Node, context: Context): Limits {
  for (const [key, value] of Object.entries({ atOnce, minHealthy }))
    if (value !== undefined) context.problems.warn(at(node, 'limits', key)?.place, 'means nothing here: the service has no instances');
  return limits;
}

/** The longest of all objectives: its hold, the time between two of its readings, and until its good votes are enough. */
function longestOf(objectives: readonly Objective[], signals: readonly Signal[]): Omit<Given, 'mode'> {
  const everyOf = ({ signal }: Objective): number => signals.find((one) => one.name === signal)?.everyMs ?? 0;
  return {
    holdMs: objectives.length === 0 ? holdMsDefault : Math.max(...objectives.map((objective) => objective.holdMs)),
    everyMs: Math.max(0, ...objectives.map(everyOf)),
    metMs: Math.max(0, ...objectives.map((one) => (one.votes.of - one.votes.bad + 1) * everyOf(one))),
  };
}

function templateOf(own: Node, context: Context): Node | undefined {
  const named = at(own, 'class');
  if (named === undefined) return undefined;
  const template = at(context.root, 'classes', textOf(named) ?? '');
  if (template === undefined)
    context.problems.error(named.place, unknown('class', textOf(named) ?? '', keysOf(at(context.root, 'classes'))));
  return template;
}

type Parts<T> = ReadonlyMap<string, Resolved<T>>;

function named<T>(service: Node, section: string, resolve: (name: string, node: Node) => Resolved<T> | undefined): Parts<T> {
  const parts = new Map<string, Resolved<T>>();
  for (const name of keysOf(at(service, section))) {
    const resolved = resolve(name, at(service, section, name) ?? emptyMap);
    if (resolved !== undefined) parts.set(name, resolved);
  }
  return parts;
}

const valuesOf = <T>(parts: Parts<T>): T[] => [...parts.values()].map((part) => part.value);

/** The service in the words of the file, with everything that was left out written out. */
function effective(name: string, node: Node, sections: Readonly<Record<string, Parts<unknown>>>, limits: Node): Node {
  const defaults = {
    dependsOn: [],
    order: 'learned',
    alerts: alertsDefault(name),
    ...(at(node, 'target', 'postgres') !== undefined && { target: targetDefaults }),
  };
  const replaced = Object.entries(sections).map(([section, parts]) => [section, { node: mapOf(parts) }] as const);
  const entries = new Map([...replaced, ['limits', { node: limits }] as const]);
  return merge(filled(node, defaults), { kind: 'map', entries, place: node.place });
}

const mapOf = (parts: Parts<unknown>): Node => ({
  kind: 'map',
  entries: new Map([...parts].map(([name, part]) => [name, { node: part.node }])),
});

/** Overrides that still hold; those that ended are named, so that somebody takes them away. */
function overridesOf(file: ServiceHead, node: Node, context: Context): Override[] {
  return (file.overrides ?? []).flatMap(({ until, ...override }, index) => {
    if (until >= context.now) return [{ ...override, untilMs: until }];
    context.problems.warn(at(node, 'overrides', index)?.place, `ended at ${new Date(until).toISOString()} and is ignored; take it away`);
    return [];
  });
}

function checkTeam(node: Node, context: Context): void {
  const team = at(node, 'team');
  const known = keysOf(at(context.root, 'teams'));
  if (team !== undefined && !known.includes(textOf(team) ?? ''))
    context.problems.error(team.place, unknown('team', textOf(team) ?? '', known));
}

/** A slot without a value would leave a signal without data for ever; the file can tell beforehand. */
function checkSlots(
  service: string,
  node: Node,
  parts: { readonly signals: Parts<Signal>; readonly corrections: Parts<Correction>; readonly instances: Instances | undefined },
  context: Context,
): void {
  const check = (section: string, name: string, value: unknown, hasInstance: boolean) => {
    const filling = fillSlots(value, { service, ...(hasInstance && { instance: 'web-1' }) });
    if (filling.kind === 'refused') context.problems.error(at(node, section, name)?.place, filling.why);
  };
  for (const [name, { value }] of parts.signals) check('signals', name, value, value.perInstance);
  for (const [name, { value }] of parts.corrections) check('corrections', name, value, parts.instances !== undefined);
}

/** Instances as the file gives them; without, those that the first per-instance Prometheus signal finds itself. */
function instancesOf(name: string, file: ServiceHead, node: Node, signals: readonly Signal[], context: Context): Instances | undefined {
  if (Array.isArray(file.instances)) return { kind: 'listed', names: file.instances };
  if (file.instances !== undefined) {
    const { query, by, expect } = file.instances;
    const source = prometheusNamed(at(node, 'instances') ?? node, context);
    return source && { kind: 'discovered', source, query: filledWithService(query, name), by, ...(expect !== undefined && { expect }) };
  }
  const perInstance = signals.filter((signal) => signal.perInstance);
  for (const signal of perInstance)
    if (signal.kind === 'promql')
      return { kind: 'discovered', source: signal.source, query: filledWithService(signal.query, name), by: 'instance' };
  for (const signal of perInstance)
    context.problems.error(
      at(node, 'signals', signal.name, 'per')?.place,
      'is instance, but the service has no instances; allowed: instances: [web-1, web-2]',
    );
  return undefined;
}

/** Names of services are made of letters that mean nothing in PromQL. */
const filledWithService = (query: string, service: string): string => query.replaceAll('$service', service);
