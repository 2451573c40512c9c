import { boundFor } from '../strict-bound.js';
import { nameFrom } from '../draft.js';
import type { Problems } from '../problem.js';
import { formatDuration } from '../../../domain/duration.js';
import { parseDuration } from '../scalars.js';
import { type Node, at, textOf } from '../tree.js';
import { Fields } from './fields.js';
import { addRatio, percent, type Ratio, type Services } from './objective.js';

/** Over how long a rate of counters is taken when the file does not say. */
const rateWindow = '5m';

/** Documents that others refer to by name. */
export interface Library {
  readonly indicators: ReadonlyMap<string, Node>;
  readonly policies: ReadonlyMap<string, Node>;
  readonly conditions: ReadonlyMap<string, Node>;
}

const kindOf = (node: Node): string => textOf(at(node, 'kind')) ?? 'unknown';
const named = (documents: readonly Node[], kind: string): Map<string, Node> =>
  new Map(documents.filter((one) => kindOf(one) === kind).map((one) => [textOf(at(one, 'metadata', 'name')) ?? '', one]));

export const libraryOf = (documents: readonly Node[]): Library => ({
  indicators: named(documents, 'SLI'),
  policies: named(documents, 'AlertPolicy'),
  conditions: named(documents, 'AlertCondition'),
});

/** Reads the SLOs of OpenSLO v1 documents. SLI, AlertPolicy and AlertCondition count where an SLO names them. */
export function importOpenSlo(
  documents: readonly Node[],
  into: Services,
  source: string,
  service: string | undefined,
  problems: Problems,
): void {
  const library = libraryOf(documents);
  for (const node of documents) {
    const file = new Fields(node, problems);
    const kind = file.text('kind') ?? 'unknown';
    if (file.text('apiVersion') !== 'openslo/v1') file.leaveOut('is no apiVersion openslo/v1', 'apiVersion');
    else if (kind === 'SLO') importSlo(file, library, into, source, service, problems);
    else if (!['SLI', 'AlertPolicy', 'AlertCondition'].includes(kind))
      file.leaveOut(`is of kind ${kind}; known: SLO, SLI, AlertPolicy, AlertCondition`, 'kind');
  }
}

function importSlo(file: Fields, library: Library, into: Services, source: string, service: string | undefined, problems: Problems): void {
  const metadata = file.map('metadata');
  const name = metadata.text('name');
  metadata.ignore('displayName', 'labels', 'annotations');
  const spec = file.map('spec');
  spec.ignore('description');
  const owner = spec.text('service');
  const indicator = indicatorOf(spec, library, problems);
  const windowMs = windowOf(spec, problems);
  const isByEvents = spec.text('budgetingMethod') !== 'Timeslices' && spec.text('budgetingMethod') !== 'RatioTimeslices';
  const burnRate = burnRateOf(spec, library, problems);
  const objectives = spec.items('objectives').map((item) => new Fields(item, problems));
  metadata.done();
  spec.done();
  file.done();
  if (name === undefined || owner === undefined) return spec.leaveOut('has no name or no service');
  if (indicator === undefined || windowMs === undefined) return;
  objectives.forEach((objective, index) => {
    const slo = {
      name: nameFrom(objectives.length === 1 ? name : `${name}-${index + 1}`),
      service: service ?? nameFrom(owner),
      source,
      windowMs,
    };
    addObjective(objective, slo, { indicator, isByEvents, burnRate }, into);
    objective.done();
  });
}

interface Slo {
  readonly name: string;
  readonly service: string;
  readonly source: string;
  readonly windowMs: number;
}

type Indicator = { readonly kind: 'ratio'; readonly ratio: Ratio } | { readonly kind: 'threshold'; readonly query: string };

interface BurnRate {
  readonly times: number;
  readonly forMs?: number;
}

function addObjective(
  objective: Fields,
  { name, service, source, windowMs }: Slo,
  { indicator, isByEvents, burnRate }: { indicator: Indicator; isByEvents: boolean; burnRate: BurnRate | undefined },
  into: Services,
): void {
  objective.ignore('displayName');
  const share = shareOf(objective);
  if (share === undefined) return;
  if (indicator.kind === 'threshold') return addThreshold(objective, { name, service, source, windowMs }, indicator.query, share, into);
  if (!isByEvents) return objective.leaveOut('counts time slices of a ratio, which hale does not');
  const times = burnRate?.times ?? 1;
  addRatio(into, service, {
    name,
    source,
    ratio: indicator.ratio,
    target: share,
    windowMs,
    burn: times,
    burnSays:
      burnRate === undefined
        ? 'broken when errors exceed the budget'
        : `its alert condition is a burn rate of ${times}: ${times} times the budget`,
    forMs: burnRate?.forMs,
  });
}

function addThreshold(objective: Fields, slo: Slo, query: string, share: number, into: Services): void {
  const value = objective.number('value');
  const op = objective.text('op') ?? '';
  const healthy = ({ lt: '<', lte: '<=', gt: '>', gte: '>=' } as const)[op as 'lt'];
  if (value === undefined || healthy === undefined) return objective.leaveOut('has no op (lt, lte, gt, gte) or no value');
  const { names, signals, objectives } = into.of(slo.service);
  const name = names.fresh(slo.name);
  signals.push({ name, value: { source: slo.source, query } });
  objectives.push({
    name,
    value: { ...boundFor(healthy, value), target: percent(share), window: formatDuration(slo.windowMs) },
    comment: `healthy: ${op} ${value}`,
  });
}

function shareOf(objective: Fields): number | undefined {
  const given = objective.number('target');
  const inPercent = objective.number('targetPercent');
  const share = given ?? (inPercent === undefined ? undefined : Number((inPercent / 100).toPrecision(10)));
  if (share !== undefined && share > 0 && share < 1) return share;
  return objective.leaveOut('has no target between 0 and 1');
}

function windowOf(spec: Fields, problems: Problems): number | undefined {
  const [window, another] = spec.items('timeWindow').map((item) => new Fields(item, problems));
  if (window === undefined) return spec.leaveOut('has no timeWindow');
  if (another !== undefined) another.leaveOut('is a second window');
  const text = window.text('duration') ?? '';
  const isRolling = window.text('isRolling') === 'true';
  window.done();
  const ms = parseDuration(text);
  if (!isRolling) return window.leaveOut('is a calendar window; hale has rolling ones');
  return ms === undefined || ms < 3_600_000
    ? window.leaveOut(`has the duration ${JSON.stringify(text)}, which is none of hours, days or weeks`)
    : ms;
}

function indicatorOf(spec: Fields, { indicators }: Library, problems: Problems): Indicator | undefined {
  const reference = spec.text('indicatorRef');
  const node = reference === undefined ? spec.get('indicator') : indicators.get(reference);
  if (node === undefined)
    return spec.leaveOut(
      reference === undefined ? 'has no indicator' : `refers to the SLI ${reference}, which is in none of the files`,
      'indicatorRef',
    );
  const indicator = new Fields(node, problems);
  indicator.ignore('apiVersion', 'kind', 'metadata');
  const inner = indicator.map('spec');
  inner.ignore('description');
  const found = inner.has('thresholdMetric') ? threshold(inner.map('thresholdMetric')) : ratio(inner.map('ratioMetric'));
  inner.done();
  indicator.done();
  return found;
}

function threshold(metric: Fields): Indicator | undefined {
  const query = queryOf(metric);
  metric.done();
  return query === undefined ? undefined : { kind: 'threshold', query };
}

function ratio(metric: Fields): Indicator | undefined {
  const isCounter = metric.text('counter') === 'true';
  const rawType = metric.text('rawType');
  const found = metric.has('raw') ? rawRatio(metric.map('raw'), rawType) : eventRatio(metric, isCounter);
  metric.done();
  return found === undefined ? undefined : { kind: 'ratio', ratio: found };
}

function rawRatio(raw: Fields, rawType: string | undefined): { errorRatio: string } | undefined {
  const query = queryOf(raw);
  if (query === undefined) return undefined;
  if (rawType === 'failure') return { errorRatio: query };
  return rawType === 'success' ? { errorRatio: `1 - (${query})` } : raw.leaveOut('has no rawType success or failure');
}

function eventRatio(metric: Fields, isCounter: boolean): Ratio | undefined {
  const total = rated(metric.map('total'), isCounter);
  const isBad = metric.has('bad');
  const part = metric.has('bad') || metric.has('good') ? rated(metric.map(isBad ? 'bad' : 'good'), isCounter) : undefined;
  if (part === undefined || total === undefined) return metric.leaveOut('has no usable pair of good or bad and total');
  return isBad ? { bad: part, total } : { good: part, total };
}

function rated(side: Fields, isCounter: boolean): string | undefined {
  const query = queryOf(side);
  if (query === undefined || !isCounter) return query;
  return rateOf(query) ?? side.leaveOut('is a counter in a query of which no rate can be taken; known: metric{...} and sum(metric{...})');
}

const selector = /^[a-zA-Z_:][a-zA-Z0-9_:]*\s*(\{(?:[^{}"']|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*\})?$/;

/** A rate must be taken of each counter before they are summed, or the restart of one looks like a burst of events. */
function rateOf(query: string): string | undefined {
  if (/\b(rate|increase|irate)\s*\(/.test(query)) return query;
  const inner = /^sum\s*\(([\s\S]*)\)$/.exec(query)?.[1]?.trim() ?? query;
  return selector.test(inner) ? `sum(rate(${inner}[${rateWindow}]))` : undefined;
}

function queryOf(side: Fields): string | undefined {
  const source = side.map('metricSource');
  const type = source.text('type');
  source.ignore('metricSourceRef');
  const spec = source.map('spec');
  const query = spec.text('query') ?? spec.text('promql');
  if (type !== undefined && type.toLowerCase() !== 'prometheus') return source.leaveOut(`is of type ${type}; known: Prometheus`);
  spec.done();
  source.done();
  side.done();
  return query?.replaceAll(/\s*\n\s*/g, ' ').trim() ?? side.leaveOut('has no query');
}

/** The burn rate of the first alert condition: how far beyond the budget people asked to be called. */
function burnRateOf(spec: Fields, { policies, conditions }: Library, problems: Problems): BurnRate | undefined {
  const found = spec.items('alertPolicies').flatMap((item) => {
    const policy = resolved(item, 'alertPolicyRef', policies, problems);
    const listed = at(policy, 'spec', 'conditions');
    return listed?.kind === 'list' ? listed.items.map((one) => resolved(one, 'conditionRef', conditions, problems)) : [];
  });
  const [first, ...others] = found.flatMap((node) => (node === undefined ? [] : [node]));
  for (const other of others) problems.warn(other.place, 'is a further alert condition, and is left out');
  const condition = new Fields(at(first, 'spec', 'condition'), problems);
  const times = condition.number('threshold');
  if (first === undefined || condition.text('kind') !== 'burnrate' || times === undefined) return undefined;
  const alertAfter = parseDuration(condition.text('alertAfter') ?? '');
  condition.ignore('op', 'lookbackWindow');
  condition.done();
  return { times, ...(alertAfter === undefined ? {} : { forMs: alertAfter }) };
}

function resolved(item: Node, key: string, library: ReadonlyMap<string, Node>, problems: Problems): Node | undefined {
  const reference = textOf(at(item, key)) ?? (key === 'alertPolicyRef' && item.kind === 'scalar' ? textOf(item) : undefined);
  if (reference === undefined) return item;
  const found = library.get(reference);
  if (found === undefined) problems.warn(item.place, `refers to ${reference}, which is in none of the files, and is left out`);
  return found;
}
