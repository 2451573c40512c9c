import type { Getter, Got } from './get.js';

/** What a Prometheus watches today, as its API tells it. Sorted, so that two looks at the same are equal. */
export interface Survey {
  readonly jobs: readonly Job[];
  readonly rules: readonly AlertingRule[];
}

export interface Job {
  readonly name: string;
  /** Instances of active targets; empty for a job that only its series are known of. */
  readonly instances: readonly string[];
  readonly traffic?: RequestMetric;
  /** The histogram of durations in seconds, `..._bucket`. */
  readonly durations?: string;
}

/** A counter of requests with the label that tells how each ended. */
export interface RequestMetric {
  readonly metric: string;
  readonly codeLabel: string;
}

export interface AlertingRule {
  readonly name: string;
  readonly query: string;
  readonly forSeconds: number;
  readonly everySeconds: number;
  readonly severity?: string;
}

/** Thrown when what was asked for was not answered; nothing is guessed from half a survey. */
export class SurveyFailed extends Error {
  override readonly name = 'SurveyFailed';
}

/** Usual names of request counters; a response code that starts with 5 is an error. */
const counters: readonly RequestMetric[] = [
  { metric: 'http_requests_total', codeLabel: 'code' },
  { metric: 'http_requests_total', codeLabel: 'status' },
  { metric: 'http_requests_total', codeLabel: 'status_code' },
  { metric: 'http_request_duration_seconds_count', codeLabel: 'code' },
  { metric: 'http_request_duration_seconds_count', codeLabel: 'status' },
  { metric: 'http_request_duration_seconds_count', codeLabel: 'status_code' },
  { metric: 'http_server_requests_seconds_count', codeLabel: 'status' },
  { metric: 'http_server_request_duration_seconds_count', codeLabel: 'http_response_status_code' },
];
const histograms = [
  'http_request_duration_seconds_bucket',
  'http_server_requests_seconds_bucket',
  'http_server_request_duration_seconds_bucket',
];

/** Asks for targets, rules and the usual series. Throws `SurveyFailed`. */
export async function survey(getter: Getter): Promise<Survey> {
  const targets = listOf(dataOf(await getter.get('/api/v1/targets', { state: 'active' }), 'its targets'), 'activeTargets');
  const names = dataOf(await getter.get('/api/v1/label/job/values'), 'its jobs');
  const rules = rulesOf(listOf(dataOf(await getter.get('/api/v1/rules', { type: 'alert' }), 'its rules'), 'groups'));
  const instances = new Map<string, Set<string>>();
  for (const target of targets) {
    const labels = textsOf(mapOf(target).labels);
    if (labels.job !== undefined) add(instances, labels.job, labels.instance);
  }
  for (const name of Array.isArray(names) ? names : []) if (typeof name === 'string') add(instances, name, undefined);
  const series = await usualSeries(getter);
  const jobs = [...instances].map(([name, members]) =>
    jobOf(
      name,
      members,
      series.filter(({ job }) => job === name),
    ),
  );
  return { jobs: jobs.toSorted((a, b) => order(a.name, b.name)), rules };
}

/** The labels of the series that a query answers now. */
export async function labelsOf(getter: Getter, query: string): Promise<readonly Labels[]> {
  const got = await getter.get('/api/v1/query', { query });
  if (got.kind === 'badRequest') return [];
  return listOf(dataOf(got, query), 'result').map((series) => textsOf(mapOf(series).metric));
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function add(instances: Map<string, Set<string>>, job: string, instance: string | undefined): void {
  const members = instances.get(job) ?? new Set();
  if (instance !== undefined) members.add(instance);
  instances.set(job, members);
}

type Labels = Readonly<Record<string, string>>;

/** Of each job the first candidate that it has series of. */
function jobOf(name: string, members: ReadonlySet<string>, series: readonly Labels[]): Job {
  const traffic = counters.find(({ metric, codeLabel }) => series.some((one) => one.__name__ === metric && one[codeLabel] !== undefined));
  const durations = histograms.find((metric) => series.some((one) => one.__name__ === metric));
  return {
    name,
    instances: [...members].sort(),
    ...(traffic === undefined ? {} : { traffic }),
    ...(durations === undefined ? {} : { durations }),
  };
}

function usualSeries(getter: Getter): Promise<readonly Labels[]> {
  const names = [...new Set([...counters.map(({ metric }) => metric), ...histograms])];
  const labels = [...new Set(counters.map(({ codeLabel }) => codeLabel))];
  return labelsOf(getter, `group by (__name__, job, ${labels.join(', ')}) ({__name__=~"${names.join('|')}"})`);
}

function rulesOf(groups: readonly unknown[]): AlertingRule[] {
  const rules = groups.flatMap((group) => {
    const { interval, rules: inGroup } = mapOf(group);
    return (Array.isArray(inGroup) ? inGroup : []).map((rule) => ruleOf(mapOf(rule), Number(interval ?? 0)));
  });
  return rules.flatMap((rule) => rule ?? []).toSorted((a, b) => order(a.name, b.name) || order(a.query, b.query));
}

function ruleOf(
  { type, name, query, duration, labels }: Readonly<Record<string, unknown>>,
  everySeconds: number,
): AlertingRule | undefined {
  if (type !== 'alerting' || typeof name !== 'string' || typeof query !== 'string') return undefined;
  const { severity } = textsOf(labels);
  return { name, query, forSeconds: Number(duration ?? 0), everySeconds, ...(severity === undefined ? {} : { severity }) };
}

function dataOf(got: Got, what: string): unknown {
  if (got.kind === 'data') return got.data;
  throw new SurveyFailed(`it does not tell ${what}: ${got.detail}`);
}

const mapOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

function listOf(data: unknown, name: string): readonly unknown[] {
  const list = mapOf(data)[name];
  if (Array.isArray(list)) return list;
  throw new SurveyFailed(`its answer has no ${name}: is it a Prometheus?`);
}

const textsOf = (value: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(mapOf(value)).flatMap(([name, text]) => (typeof text === 'string' ? [[name, text]] : [])));
