import type { Cluster, Deployment } from '../../../adapters/kubernetes/deployments.js';
import type { Job, Survey } from '../../../adapters/prometheus/survey.js';
import { Names, nameFrom, type DraftPart, type DraftService } from '../../../contracts/configuration/draft.js';
import type { RuleObjective } from './rules.js';

/** The name under which a draft has its one Prometheus. */
export const source = 'prometheus';
/** Likewise its one cluster. */
export const clusterSource = 'cluster';

/** Services as they were found: a job each, with the Deployment of the same name where there is exactly one. */
export interface Found {
  readonly services: readonly DraftService[];
  readonly teams: readonly string[];
  readonly leftOut: readonly string[];
}

export function servicesOf({ jobs }: Survey, objectives: readonly RuleObjective[], cluster: Cluster | undefined): Found {
  const names = new Names();
  const leftOut = jobs.flatMap((job) => (hasSlot(job) ? [`job ${job.name}: in a query its name would stand for another one`] : []));
  const named = jobs.filter((job) => !hasSlot(job)).map((job) => ({ job, name: names.fresh(job.name) }));
  const taken = new Set<Deployment>();
  const owned = named.map(({ job, name }) => {
    const fitting = cluster?.deployments.filter((one) => isOf(one, job.name)) ?? [];
    for (const one of fitting) taken.add(one);
    if (fitting.length > 1) leftOut.push(`job ${job.name}: ${fitting.length} Deployments fit it: ${fitting.map(keyOf).join(', ')}`);
    return { job, name, deployment: fitting.length === 1 ? fitting[0] : undefined };
  });
  const known = new Set(named.map(({ name }) => name));
  for (const one of cluster?.deployments ?? []) if (!taken.has(one)) leftOut.push(`Deployment ${keyOf(one)}: no job has its name`);
  const services = owned.map(({ job, name, deployment }) => {
    const mine = objectives.filter((one) => one.job === job.name);
    return serviceOf(job, name, mine, deployment, known, leftOut);
  });
  const teams = [...new Set(owned.flatMap(({ deployment }) => (deployment === undefined ? [] : (teamOf(deployment) ?? []))))].sort();
  return { services, teams, leftOut };
}

/** In a query of the configuration this is filled with the name of the service. */
const hasSlot = ({ name }: Job): boolean => /\$(service|instance|host)\b/.test(name);

const keyOf = ({ namespace, name }: Deployment): string => `${namespace}/${name}`;

const isOf = ({ name, labels }: Deployment, job: string): boolean =>
  (labels['app.kubernetes.io/name'] ?? labels.app ?? name) === job || name === job;

/** Only what somebody wrote down as the owner counts as one. */
const teamOf = ({ labels, annotations }: Deployment): string | undefined => {
  const owner = labels.team ?? labels.owner ?? annotations.team ?? annotations.owner;
  return owner === undefined ? undefined : nameFrom(owner);
};

function serviceOf(
  job: Job,
  name: string,
  rules: readonly RuleObjective[],
  deployment: Deployment | undefined,
  known: ReadonlySet<string>,
  leftOut: string[],
): DraftService {
  const names = new Names();
  const hasTargets = job.instances.length > 0;
  const signals = [...(hasTargets ? [upSignal(job)] : []), ...requestSignals(job)];
  for (const { name: taken } of signals) names.fresh(taken);
  const isUpRuled = rules.some(({ isUp }) => isUp);
  const objectives: DraftPart[] = hasTargets && !isUpRuled ? [upObjective] : [];
  for (const rule of rules) {
    const fresh = names.fresh(rule.objective.name);
    if (!rule.isUp || !hasTargets) signals.push({ ...rule.signal, name: fresh, value: { ...rule.signal.value, ...whileAsked(job, rule) } });
    objectives.push({ ...rule.objective, name: fresh });
  }
  return {
    name,
    comments: [
      hasTargets
        ? `job ${job.name}, ${job.instances.length} ${job.instances.length === 1 ? 'instance' : 'instances'}`
        : `job ${job.name}, of which there are series but no targets`,
    ],
    keys: deployment === undefined ? {} : keysOf(deployment, known, name, leftOut),
    signals,
    objectives,
    examples: examplesOf(job, name, deployment),
  };
}

/** A share or a quantile of no requests is no number: that is no silence to call anybody for. */
function whileAsked({ traffic, durations }: Job, { signal }: RuleObjective): Readonly<Record<string, unknown>> {
  const isOfRequests = [traffic?.metric, durations].some((metric) => metric !== undefined && String(signal.value.query).includes(metric));
  return traffic !== undefined && isOfRequests ? { onlyIf: { traffic: { above: 0 } } } : {};
}

const selectorOf = ({ name }: Job, more = ''): string => `{job=${JSON.stringify(name)}${more}}`;

const upSignal = (job: Job): DraftPart => ({ name: 'up', value: { source, query: `up${selectorOf(job)}`, per: 'instance' } });

const upObjective: DraftPart = {
  name: 'up',
  value: { above: 0, for: '1m' },
  comment: 'no alerting rule says for how long an instance may be down: 1m is a suggestion',
};

function requestSignals(job: Job): DraftPart[] {
  const rate = (metric: string, more = ''): string => `sum(rate(${metric}${selectorOf(job, more)}[5m]))`;
  const signals: DraftPart[] = [];
  if (job.traffic !== undefined) {
    const { metric, codeLabel } = job.traffic;
    const [all, bad] = [rate(metric), rate(metric, `,${codeLabel}=~"5.."`)];
    signals.push(
      { name: 'traffic', value: { source, query: all }, comment: 'requests a second' },
      {
        name: 'errors',
        value: { source, query: `(${bad} or ${all} * 0) / ${all}`, onlyIf: { traffic: { above: 0 } } },
        comment: 'share of answers with a code of 5xx; says nothing while there are no requests',
      },
    );
  }
  if (job.durations !== undefined) {
    const query = `histogram_quantile(0.99, sum by (le) (rate(${job.durations}${selectorOf(job)}[5m])))`;
    const onlyIf = job.traffic === undefined ? {} : { onlyIf: { traffic: { above: 0 } } };
    signals.push({ name: 'latency', value: { source, query, ...onlyIf }, comment: 'the 99th percentile, in seconds' });
  }
  return signals;
}

/** Whoever rolls a Deployment out owns it; what it needs is only what its annotation says. */
function keysOf(deployment: Deployment, known: ReadonlySet<string>, name: string, leftOut: string[]): Readonly<Record<string, unknown>> {
  const { labels, annotations } = deployment;
  const team = teamOf(deployment);
  const wanted = (annotations['hale/depends-on'] ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  const dependsOn = wanted.filter((one) => known.has(one) && one !== name);
  for (const one of wanted)
    if (!dependsOn.includes(one)) leftOut.push(`Deployment ${keyOf(deployment)}: hale/depends-on names ${one}, which is no job here`);
  const isArgo = annotations['argocd.argoproj.io/tracking-id'] !== undefined || labels['argocd.argoproj.io/instance'] !== undefined;
  const isFlux = labels['kustomize.toolkit.fluxcd.io/name'] !== undefined || labels['helm.toolkit.fluxcd.io/name'] !== undefined;
  const managedBy = isArgo ? { managedBy: 'argocd' } : isFlux ? { managedBy: 'flux' } : {};
  return {
    ...(team === undefined ? {} : { team }),
    ...(dependsOn.length === 0 ? {} : { dependsOn }),
    target: { source: clusterSource, deployment: keyOf(deployment), ...managedBy },
  };
}

function examplesOf(job: Job, name: string, deployment: Deployment | undefined): string[] {
  const bounds = [
    ...(job.traffic === undefined ? [] : ['errors: {below: 1%, for: 2m}']),
    ...(job.durations === undefined ? [] : ['latency: {below: 500ms, for: 5m}']),
  ];
  const restart =
    deployment === undefined ? `{exec: [/usr/local/bin/restart, ${name}], undo: nothingToRestore}` : '{kubernetes: rolloutRestart}';
  return [...(bounds.length === 0 ? [] : [`objectives to think about: ${bounds.join(', ')}`]), `corrections: {restart: ${restart}}`];
}
