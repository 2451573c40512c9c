import { thisMachine } from '../../../adapters/configuration/surroundings.js';
import { Getter } from '../../../adapters/prometheus/get.js';
import type { Backtest } from '../../../contracts/adoption.js';
import { checkConfiguration } from '../../../contracts/configuration/check.js';
import { modeNow } from '../../../contracts/configuration/mode.js';
import { problemText } from '../../../contracts/configuration/problem.js';
import { evaluableOf, type NotEvaluable } from '../../../domain/backtest/evaluable.js';
import { Simulation, type Hours } from '../../../domain/backtest/simulation.js';
import type { Trouble } from '../../../domain/backtest/trouble.js';
import type { PolicyOf } from '../../../domain/backtest/policy-history.js';
import { readingSentence } from '../../../domain/detection/trust.js';
import { fillSlots } from '../../../domain/detection/slots.js';
import type { Mode, Service } from '../../../domain/service.js';
import { durationMs } from '../duration.js';
import { Failure } from '../exit-codes.js';
import { say, type Report } from '../report.js';
import { backtestText } from './backtest-text.js';
import { playBack, type GetterOf, type Period } from './playback.js';

export interface BacktestOptions {
  readonly config: string;
  readonly prometheus?: string;
  readonly tokenFile?: string;
  readonly since: string;
  readonly until?: string;
  readonly step: string;
  readonly suppose?: Mode;
  readonly timeout: string;
}

/** backtest: what hale would have found and proposed, from the history of a Prometheus. Reads only. */
export async function backtest(options: BacktestOptions): Promise<Report> {
  const fleet = supposed(await configured(options.config), options.suppose);
  const period = periodOf(options);
  const getterOf = getters(options);
  const { services: evaluable, notEvaluable } = evaluableOf(fleet);
  const refused = await refusedQueries(evaluable, getterOf);
  const checked = evaluableOf({ services: evaluable }, refused);
  const watched = checked.services.filter(({ objectives }) => objectives.length > 0);
  const leftOut = [...notEvaluable, ...checked.notEvaluable.filter(({ part }) => !part.startsWith('corrections.'))];
  if (watched.length === 0)
    throw new Failure('usage', [`no objective of ${options.config} can be judged by a history of Prometheus`, ...whyNone(leftOut)]);
  checkStep(watched, period.stepMs);
  const simulation = new Simulation({ ...fleet, services: watched }, modeNow);
  await playBack(simulation, watched, period, getterOf, progress(period, simulation));
  const data = dataOf(period, watched.length, simulation.troubles(), simulation.hours(), leftOut);
  return { data, text: backtestText(data), talk: remarks(watched, period.stepMs) };
}

async function configured(file: string): Promise<PolicyOf> {
  const checked = await checkConfiguration(file, thisMachine());
  if (checked.kind === 'valid') return checked.fleet;
  throw new Failure('usage', checked.errors.map(problemText), 'a first configuration: hale init --prometheus URL');
}

/** As if every correction had this mode, whatever its level and overrides say. */
function supposed(fleet: PolicyOf, mode: Mode | undefined): PolicyOf {
  if (mode === undefined) return fleet;
  const services = fleet.services.map((service) => ({
    ...service,
    overrides: [],
    corrections: service.corrections.map((correction) => {
      const { level: _, ...rest } = correction;
      return { ...rest, mode };
    }),
  }));
  return { ...fleet, services };
}

/** Moments lie on whole steps, so that the same history gives the same answer whenever it is asked. */
function periodOf({ since, until, step }: BacktestOptions): Period {
  const stepMs = durationMs('--step', step);
  const end = until === undefined ? Date.now() : Date.parse(until);
  if (!Number.isFinite(end))
    throw new Failure('usage', `--until is ${JSON.stringify(until)}: a time such as 2026-11-24T00:00:00Z is allowed`);
  const last = Math.floor(end / stepMs) * stepMs;
  const from = last - Math.floor(durationMs('--since', since) / stepMs) * stepMs;
  if (from < 0 || from === last)
    throw new Failure('usage', `--since ${since} is no period of whole steps of ${step}; for example --since 30d --step 15s`);
  return { from, until: last, stepMs };
}

/** Votes forget what lies before a silence, so that readings further apart than that could never become a breach. */
function checkStep(services: readonly Service[], stepMs: number): void {
  const objectives = services.flatMap((service) => service.objectives.map((objective) => ({ service, objective })));
  const strict = objectives.reduce((one, other) => (other.objective.silenceMs < one.objective.silenceMs ? other : one));
  if (stepMs <= strict.objective.silenceMs) return;
  const most = `${strict.objective.silenceMs / 1000}s, the silence of ${strict.service.name}.${strict.objective.name}`;
  throw new Failure('usage', `--step is ${stepMs / 1000}s: allowed is at most ${most}`, 'for example --step 15s');
}

function getters({ prometheus, tokenFile, timeout }: BacktestOptions): GetterOf {
  const timeoutMs = durationMs('--timeout', timeout);
  const known = new Map<string, Getter>();
  return (source) => {
    const url = prometheus ?? source.url;
    const token = tokenFile === undefined ? source.token : { file: tokenFile };
    const getter = known.get(url) ?? new Getter({ url, token, timeoutMs, queriesPerSecondMax: source.queriesPerSecondMax });
    known.set(url, getter);
    return getter;
  };
}

/** Each query is asked once for a single moment: what Prometheus does not understand, it says now and not after an hour. */
async function refusedQueries(services: readonly Service[], getterOf: GetterOf): Promise<ReadonlyMap<string, string>> {
  const refused = new Map<string, string>();
  for (const { name, signals } of services)
    for (const signal of signals) {
      if (signal.kind !== 'promql') continue;
      const filled = fillSlots(signal.query, { service: name, instance: 'any' });
      if (filled.kind === 'refused') continue;
      const getter = getterOf(signal.source);
      const got = await getter.get('/api/v1/query', { query: filled.value });
      if (got.kind === 'badRequest') refused.set(signal.query, got.detail);
      if (got.kind === 'unreachable')
        throw new Failure('unreachable', `Prometheus at ${getter.url} can't be asked: ${got.detail}`, 'A token: --token-file FILE');
    }
  return refused;
}

const whyNone = (parts: readonly NotEvaluable[]): string[] =>
  parts.slice(0, 10).map(({ service, part, why }) => `${service}.${part}: ${why}`);

const sayEveryMs = 5_000;

function progress({ from, until }: Period, simulation: Simulation): (at: number) => void {
  let said = Date.now();
  return (at) => {
    if (Date.now() - said < sayEveryMs) return;
    said = Date.now();
    const days = (ms: number): string => (ms / 86_400_000).toFixed(1);
    say(`${days(at - from)} of ${days(until - from)} days read, ${simulation.troubles().length} troubles so far`);
  };
}

function remarks(services: readonly Service[], stepMs: number): string[] {
  const faster = services.flatMap(({ name, signals }) =>
    signals.filter(({ everyMs }) => everyMs < stepMs).map((signal) => `${name}.${signal.name}`),
  );
  if (faster.length === 0) return [];
  return [`read every ${stepMs / 1000}s here, more often when live: ${faster.slice(0, 10).join(', ')}${faster.length > 10 ? ', ...' : ''}`];
}

const iso = (ms: number): string => new Date(ms).toISOString();
const hours = (ms: number): number => Math.round(ms / 36_000) / 100;

function dataOf(
  period: Period,
  services: number,
  troubles: readonly Trouble[],
  spent: Hours,
  notEvaluable: readonly NotEvaluable[],
): Backtest {
  const proposals = troubles.reduce((sum, one) => sum + one.proposals.length, 0);
  const quiet = spent.quietMs / 3_600_000;
  return {
    from: iso(period.from),
    until: iso(period.until),
    stepSeconds: period.stepMs / 1000,
    services,
    totals: {
      findings: troubles.reduce((sum, one) => sum + one.findings.length, 0),
      troubles: troubles.length,
      proposals,
      calls: troubles.reduce((sum, one) => sum + one.calls.length, 0),
      watchedServiceHours: hours(spent.watchedMs),
      quietServiceHours: hours(spent.quietMs),
      proposalsPer1000QuietServiceHours: {
        value: quiet === 0 ? null : (proposals / quiet) * 1000,
        numerator: proposals,
        denominator: hours(spent.quietMs),
      },
      noDataShare: {
        value: spent.objectiveMs === 0 ? null : spent.noDataMs / spent.objectiveMs,
        numerator: hours(spent.noDataMs),
        denominator: hours(spent.objectiveMs),
      },
    },
    troubles: troubles.map((trouble) => troubleData(trouble, period.until)),
    notEvaluable: [...notEvaluable],
  };
}

const troubleData = (trouble: Trouble, until: number): Backtest['troubles'][number] => ({
  service: trouble.service,
  instance: trouble.instance ?? null,
  onset: iso(trouble.onset),
  foundAt: iso(trouble.foundAt),
  endedAt: trouble.endedAt === undefined ? null : iso(trouble.endedAt),
  lastedSeconds: ((trouble.endedAt ?? until) - trouble.onset) / 1000,
  findings: trouble.findings.map(({ kind, objective, onset, severity, evidence }) => ({
    kind,
    objective,
    onset: iso(onset),
    severity,
    evidence: `${evidence.signal} ${readingSentence(evidence.last)}, asked for ${evidence.bound}, ${evidence.bad} of ${evidence.of} readings bad`,
  })),
  proposals: trouble.proposals.map(({ at, correction, answer, passedOver }) => ({
    at: iso(at),
    correction,
    answer: answer.kind,
    rule: answer.rule,
    sentence: answer.sentence,
    notEvaluable: [...passedOver],
  })),
  calls: trouble.calls.map(({ at, why }) => ({ at: iso(at), why })),
  waits: trouble.waits.map(({ at, why }) => ({ at: iso(at), why })),
});
