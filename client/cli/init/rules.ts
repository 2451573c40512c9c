import { labelsOf, type AlertingRule, type Survey } from '../../../adapters/prometheus/survey.js';
import type { Getter } from '../../../adapters/prometheus/get.js';
import { nameFrom, type DraftPart } from '../../../contracts/configuration/draft.js';
import { boundFor } from '../../../contracts/configuration/strict-bound.js';
import { formatDuration } from '../../../domain/duration.js';
import { comparisonOf, type Comparison } from './comparison.js';

/** What an alerting rule says about one job, in the words of the configuration. */
export interface RuleObjective {
  readonly job: string;
  readonly signal: DraftPart;
  readonly objective: DraftPart;
  /** The rule is about `up` itself: no signal of its own is needed. */
  readonly isUp: boolean;
}

export interface ReadRules {
  readonly objectives: readonly RuleObjective[];
  /** Rules that were not understood, a sentence each. */
  readonly leftOut: readonly string[];
}

const forSecondsMax = 86_400;

/** Objectives from the alerting rules that compare one value with one number; the others are named, not guessed. */
export async function readRules({ rules, jobs }: Survey, getter: Getter, source: string): Promise<ReadRules> {
  const objectives: RuleObjective[] = [];
  const leftOut: string[] = [];
  for (const rule of rules) {
    const read = await readRule(
      rule,
      getter,
      source,
      jobs.map(({ name }) => name),
    );
    if (typeof read === 'string') leftOut.push(`alert ${rule.name}: ${read}: ${rule.query}`);
    else objectives.push(...read);
  }
  return { objectives, leftOut };
}

async function readRule(rule: AlertingRule, getter: Getter, source: string, jobs: readonly string[]): Promise<RuleObjective[] | string> {
  const understood = comparisonOf(rule.query);
  if (understood.kind === 'other') return understood.why;
  if (rule.forSeconds > forSecondsMax) return 'it waits for more than a day';
  const { comparison } = understood;
  const bound = healthyBound(comparison);
  if (bound === undefined) return 'equality is a bound only of up and probe_success';
  const series = await labelsOf(getter, comparison.left);
  const found = aboutJobs(series, comparison.left).filter(({ job }) => jobs.includes(job));
  if (series.length === 0 && found.length === 0) return 'it has no series now, so that nobody can tell which job it is about';
  if (found.length === 0) return 'its series name no job';
  const isWhole = found.length === 1 && found[0]?.series.length === series.length;
  return found.map((one) => objectiveOf(rule, comparison, bound, one, isWhole, source));
}

interface About {
  readonly job: string;
  readonly series: readonly Readonly<Record<string, string>>[];
}

/** The jobs that a rule is about, by the labels of its series; without such a label, by the one job that its selectors name. */
function aboutJobs(series: readonly Readonly<Record<string, string>>[], left: string): About[] {
  const byJob = new Map<string, Readonly<Record<string, string>>[]>();
  for (const labels of series) if (labels.job !== undefined) byJob.set(labels.job, [...(byJob.get(labels.job) ?? []), labels]);
  if (byJob.size > 0) return [...byJob].map(([job, members]) => ({ job, series: members }));
  const selectors = left.match(/\{/g)?.length ?? 0;
  const named = [...left.matchAll(/[{,]\s*job="([^"\\]+)"/g)].map(([, job]) => job ?? '');
  const [job] = named;
  return job !== undefined && named.length === selectors && new Set(named).size === 1 ? [{ job, series }] : [];
}

function healthyBound({ left, operator, number }: Comparison): { below: number } | { above: number } | undefined {
  switch (operator) {
    case '>':
      return boundFor('<=', number);
    case '>=':
      return boundFor('<', number);
    case '<':
      return boundFor('>=', number);
    case '<=':
      return boundFor('>', number);
    case '==':
      return number === 0 && isZeroOrOne(left) ? { above: 0 } : undefined;
  }
}

const isZeroOrOne = (left: string): boolean => /^(up|probe_success)\s*(\{[^{}]*\})?$/.test(left);

function objectiveOf(
  rule: AlertingRule,
  comparison: Comparison,
  bound: { below: number } | { above: number },
  { job, series }: About,
  isWhole: boolean,
  source: string,
): RuleObjective {
  const name = nameFrom(rule.name.replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase());
  const instances = new Set(series.map(({ instance }) => instance));
  const perInstance = !instances.has(undefined) && instances.size > 0;
  const isUp = /^up\s*(\{[^{}]*\})?$/.test(comparison.left) && (comparison.left === 'up' || isWhole);
  // The rule fires when any of its series does: the worst of them stands for all.
  const worst = 'below' in bound ? 'max' : 'min';
  const mine = isWhole ? comparison.left : `(${comparison.left}) and on (job) up{job=${JSON.stringify(job)}}`;
  const query = isWhole && series.length === 1 && !perInstance ? mine : `${worst}${perInstance ? ' by (instance)' : ''} (${mine})`;
  const every = rule.everySeconds > 15 ? { every: formatDuration(Math.round(rule.everySeconds * 1000)) } : {};
  const fires = `${comparison.left} ${comparison.operator} ${comparison.number}`;
  return {
    job,
    isUp,
    signal: { name, value: { source, query, ...every, ...(perInstance ? { per: 'instance' } : {}) } },
    objective: {
      name,
      value: { ...(isUp ? { signal: 'up' } : {}), ...bound, for: formatDuration(Math.round(rule.forSeconds * 1000)) },
      comment: `alert ${rule.name}${rule.severity === undefined ? '' : ` (${rule.severity})`} fires at ${fires}`,
    },
  };
}
