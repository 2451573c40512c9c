import type { Bound, Signal } from '../../domain/service.js';
import { type Context, connectionOf, filled, prometheusNamed } from './context.js';
import { type Kinds, kindOf } from './kinds.js';
import { unknown } from './problem.js';
import { formatDuration } from '../../domain/duration.js';
import { parseDuration } from './scalars.js';
import { type BoundFile, signal } from './signal-file.js';
import { type Node, at, keysOf, plain, textOf } from './tree.js';

const kinds: Kinds<Signal['kind']> = {
  http: { main: 'http', beside: ['measure', 'expect'] },
  scrape: { main: 'scrape', beside: ['metric', 'labels'] },
  promql: { main: 'query', beside: ['source'] },
  sql: { main: 'sql', beside: ['target'] },
  exec: { main: 'exec', beside: ['plugin'] },
};
const common = ['every', 'timeout', 'per', 'staleAfter', 'onlyIf'];

/** A part of a service as hale acts on it, beside the same in the words of the file with all defaults written out. */
export interface Resolved<T> {
  readonly value: T;
  readonly node: Node;
}

/** Resolves one signal; reported and undefined when it can't be. */
export function resolveSignal(name: string, node: Node, service: Node, context: Context): Resolved<Signal> | undefined {
  const kind = kindOf(node, kinds, common, context.problems);
  if (kind === undefined) return undefined;
  const whole = filled(node, defaultsOf(kind, node));
  const base = baseOf(name, whole, service, context);
  const value = ofKind(kind, whole, base, service, context);
  return value === undefined ? undefined : { value, node: whole };
}

function defaultsOf(kind: Signal['kind'], node: Node): Readonly<Record<string, unknown>> {
  const every = parseDuration(textOf(at(node, 'every')) ?? everyDefault) ?? 0;
  return {
    every: everyDefault,
    timeout: formatDuration(Math.min(every, 5000)),
    per: 'service',
    staleAfter: formatDuration(Math.max(60_000, 3 * every)),
    ...(kind === 'http' && { measure: 'ok', expect: expectDefault(node) }),
    ...(kind === 'scrape' && { labels: {} }),
    ...(kind === 'exec' && { plugin: false }),
  };
}

const everyDefault = '15s';

/** An answer is `ok` by its status unless the file says what to expect; a latency counts whatever was answered. */
function expectDefault(node: Node): Readonly<Record<string, unknown>> {
  const asksForOk = (plain(at(node, 'measure')) ?? 'ok') === 'ok';
  return asksForOk && at(node, 'expect') === undefined ? { status: 200 } : {};
}

type Base = Pick<Signal, 'name' | 'everyMs' | 'timeoutMs' | 'perInstance' | 'staleAfterMs' | 'onlyIf'>;
const timedSignal = signal.required({ every: true, timeout: true, per: true, staleAfter: true });

function baseOf(name: string, node: Node, service: Node, context: Context): Base {
  const file = timedSignal.parse(plain(node));
  if (file.timeout > file.every)
    context.problems.error(
      at(node, 'timeout')?.place ?? node.place,
      `is longer than every; allowed: at most ${formatDuration(file.every)}`,
    );
  if (file.staleAfter < file.every)
    context.problems.error(
      at(node, 'staleAfter')?.place ?? node.place,
      `is shorter than every; allowed: at least ${formatDuration(file.every)}`,
    );
  const conditions = keysOf(at(node, 'onlyIf')).flatMap((other) => condition(name, other, node, service, context));
  return {
    name,
    everyMs: file.every,
    timeoutMs: file.timeout,
    perInstance: file.per === 'instance',
    staleAfterMs: file.staleAfter,
    ...(conditions.length > 0 && { onlyIf: conditions }),
  };
}

function condition(name: string, other: string, node: Node, service: Node, context: Context): { signal: string; bound: Bound }[] {
  const place = at(node, 'onlyIf', other) ?? node;
  const known = keysOf(at(service, 'signals')).filter((one) => one !== name);
  if (!known.includes(other)) context.problems.error(place.place, unknown('signal', other, known));
  const bound = resolveBound(signal.parse(plain(node)).onlyIf?.[other] ?? {}, place, context);
  return bound === undefined ? [] : [{ signal: other, bound }];
}

/** Exactly one of above and below. */
export function resolveBound(file: BoundFile, node: Node, context: Context): Bound | undefined {
  if (file.above !== undefined && file.below === undefined) return { above: file.above };
  if (file.below !== undefined && file.above === undefined) return { below: file.below };
  const both = file.above !== undefined;
  context.problems.error(
    (at(node, 'below') ?? node).place,
    `has ${both ? 'two bounds' : 'no bound'}; allowed: one of above and below, such as below: 500ms`,
  );
  return undefined;
}

// One for each kind, made once: making a schema takes longer than using it.
const httpSignal = signal.required({ http: true, measure: true, expect: true });
const scrapeSignal = signal.required({ scrape: true, metric: true, labels: true });
const promqlSignal = signal.required({ query: true });
const sqlSignal = signal.required({ sql: true });
const execSignal = signal.required({ exec: true, plugin: true });

function ofKind(kind: Signal['kind'], node: Node, base: Base, service: Node, context: Context): Signal | undefined {
  const file = plain(node);
  switch (kind) {
    case 'http': {
      const { http, measure, expect } = httpSignal.parse(file);
      const { status, body } = expect;
      return {
        ...base,
        kind,
        url: http,
        measure,
        expect: { ...(status !== undefined && { status }), ...(body !== undefined && { body }) },
      };
    }
    case 'scrape':
      return scrape(node, base, context);
    case 'promql': {
      const source = prometheusNamed(node, context);
      return source && { ...base, kind, source, query: promqlSignal.parse(file).query };
    }
    case 'sql': {
      const connection = connectionOf(at(node, 'target') ?? at(service, 'target'), node, context);
      return connection && { ...base, kind, connection, sql: sqlSignal.parse(file).sql };
    }
    case 'exec': {
      const { exec, plugin } = execSignal.parse(file);
      return { ...base, kind, argv: exec, plugin };
    }
  }
}

function scrape(node: Node, base: Base, context: Context): Signal | undefined {
  if (at(node, 'metric') === undefined) {
    context.problems.error(node.place, 'is missing the metric to read; allowed: metric: NAME, with labels when several series have it');
    return undefined;
  }
  const file = scrapeSignal.parse(plain(node));
  return { ...base, kind: 'scrape', url: file.scrape, metric: file.metric, labels: file.labels };
}
