import { nameFrom } from '../draft.js';
import type { Problems } from '../problem.js';
import { parseDuration } from '../scalars.js';
import { type Node, at, textOf } from '../tree.js';
import { Fields } from './fields.js';
import { addRatio, type Ratio, type Services } from './objective.js';

/** Over how long a rate is taken where the query leaves that open: the shortest window of Sloth's own alerts. */
const rateWindow = '5m';
/** What Sloth takes for its SLOs unless it is told otherwise. */
const period = '30d';
/** Sloth pages when 2% of the budget are spent within an hour. */
const burn = (0.02 * (parseDuration(period) ?? 0)) / 3_600_000;

/** Reads one document of Sloth, `prometheus/v1` or the Kubernetes resource of the same content. */
export function importSloth(node: Node, into: Services, source: string, service: string | undefined, problems: Problems): void {
  const file = new Fields(node, problems);
  if (file.has('version')) {
    if (file.text('version') !== 'prometheus/v1') return file.leaveOut('is no version prometheus/v1', 'version');
    specification(file, into, source, service, problems);
    return file.done();
  }
  const kind = file.text('kind');
  if (kind !== 'PrometheusServiceLevel')
    return file.leaveOut(`is of kind ${kind ?? 'unknown'}; known: PrometheusServiceLevel, or version: prometheus/v1`);
  file.ignore('apiVersion', 'metadata');
  const spec = file.map('spec');
  specification(spec, into, source, service, problems);
  spec.done();
  file.done();
}

function specification(spec: Fields, into: Services, source: string, service: string | undefined, problems: Problems): void {
  const name = spec.text('service');
  if (name === undefined) return spec.leaveOut('names no service');
  if (spec.has('labels')) spec.leaveOut('is for the labels of alerts', 'labels');
  for (const item of spec.items('slos')) objective(new Fields(item, problems), into, source, service ?? nameFrom(name));
}

function objective(slo: Fields, into: Services, source: string, service: string): void {
  const name = slo.text('name');
  const target = slo.number('objective');
  slo.ignore('description');
  if (slo.has('labels')) slo.leaveOut('is for the labels of alerts', 'labels');
  const sli = slo.map('sli');
  const ratio = ratioOf(sli);
  sli.done();
  const pages = alerting(slo.get('alerting'));
  if (slo.has('alerting')) slo.leaveOut('is for the text and labels of alerts; a page alert sets the bound', 'alerting');
  slo.done();
  if (name === undefined || target === undefined) return slo.leaveOut('has no name or no objective');
  if (target <= 0 || target >= 100) return slo.leaveOut('is no percentage between 0 and 100', 'objective');
  if (ratio === undefined) return;
  const share = Number((target / 100).toPrecision(10));
  // Beyond one no ratio can go: such an alert would never have fired.
  const usable = pages && burn * (1 - share) < 1;
  addRatio(into, service, {
    name,
    source,
    ratio,
    target: share,
    windowMs: parseDuration(period) ?? 0,
    burn: usable ? burn : 1,
    burnSays: usable ? `Sloth pages at ${burn} times the budget` : 'broken when errors exceed the budget',
  });
}

const alerting = (node: Node | undefined): boolean =>
  node !== undefined && [at(node, 'page_alert', 'disable'), at(node, 'pageAlert', 'disable')].every((one) => textOf(one) !== 'true');

function ratioOf(sli: Fields): Ratio | undefined {
  if (sli.has('plugin')) return sli.leaveOut('is code of a plugin', 'plugin');
  if (sli.has('raw')) {
    const raw = sli.map('raw');
    const query = raw.text('error_ratio_query') ?? raw.text('errorRatioQuery');
    raw.done();
    return query === undefined ? raw.leaveOut('has no error_ratio_query') : { errorRatio: windowed(query) };
  }
  const events = sli.map('events');
  const bad = events.text('error_query') ?? events.text('errorQuery');
  const total = events.text('total_query') ?? events.text('totalQuery');
  events.done();
  if (bad === undefined || total === undefined) return sli.leaveOut('has neither events with error_query and total_query nor raw');
  return { bad: windowed(bad), total: windowed(total) };
}

/** Sloth fills the window in; a query on one line is easier to read and means the same. */
const windowed = (query: string): string =>
  query
    .replaceAll(/\{\{\s*\.window\s*\}\}/g, rateWindow)
    .replaceAll(/\s*\n\s*/g, ' ')
    .trim();
