import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { backtest, type Backtest } from '../../../contracts/adoption.js';
import { envelope } from '../../../contracts/cli.js';
import type { Measured } from '../../support/acceptance/step.js';
import { historyOf } from '../../support/acceptance/outages/history.js';
import { planOf, type Happening, type Plan, type Shop } from '../../support/acceptance/outages/plan.js';
import { startPrometheus } from '../../support/debian-prometheus.js';

export const title = 'a backtest finds the outages of the past, and proposes what would have been right';
export const bound =
  '>= 90 % of the planted found, the right correction for >= 90 % of them, <= 1 false proposal per 1,000 quiet service-hours';

export async function run(full: boolean, seed: number): Promise<Measured> {
  const [days, count, plantsMin] = full ? [30, 12, 60] : [6, 6, 18];
  const plan = planOf(seed, days, count);
  const folder = await mkdtemp(join(tmpdir(), 'hale-outages-'));
  const prometheus = await startPrometheus({ config: '', openMetrics: historyOf(plan, seed) });
  try {
    const config = join(folder, 'hale.yaml');
    await writeFile(config, configurationOf(plan, prometheus.url));
    const until = new Date(plan.until).toISOString();
    const args = ['backtest', '--config', config, '--since', `${days}d`, '--until', until, '--step', '60s', '--json'];
    const { stdout } = await promisify(execFile)(process.execPath, ['bin/hale.mjs', ...args], { maxBuffer: 256 * 1024 * 1024 });
    return judged(plan, envelope(backtest).parse(JSON.parse(stdout)).data, plantsMin);
  } finally {
    await prometheus.stop();
    await rm(folder, { recursive: true });
  }
}

const configurationOf = ({ shops }: Plan, url: string): string => `apiVersion: hale/v1
sources:
  prom: {prometheus: '${url}', maxQueriesPerSecond: 100}
classes:
  web:
    signals:
      up: {source: prom, query: 'up{job="$service"}', per: instance, every: 1m}
      traffic: {source: prom, query: 'sum(rate(http_requests_total{job="$service"}[5m]))', every: 1m}
      errors:
        source: prom
        query: 'sum(rate(http_requests_total{job="$service",code=~"5.."}[5m])) / sum(rate(http_requests_total{job="$service"}[5m]))'
        onlyIf: {traffic: {above: 1}}
        every: 1m
      latency: {source: prom, query: 'max(latency_p99_seconds{job="$service"})', every: 1m}
    objectives:
      up: {above: 0, for: 3m, silence: 10m}
      errors: {below: 5%, for: 5m, silence: 10m}
      latency: {below: 1s, for: 5m, silence: 10m}
services:
${shops.map(serviceText).join('')}`;

const serviceText = ({ name, corrections, dependsOn }: Shop): string =>
  [
    `  ${name}:`,
    '    class: web',
    ...(dependsOn === undefined ? [] : [`    dependsOn: [${dependsOn}]`]),
    ...(corrections.length === 0 ? [] : ['    corrections:', ...corrections.map((line) => `      ${line}`)]),
    '',
  ].join('\n');

type Trouble = Backtest['troubles'][number];

/** A rate over five minutes still shows what was; and it takes a while until something is old enough to be found. */
const echoMs = 10 * 60_000;

function judged(plan: Plan, { troubles, totals }: Backtest, plantsMin: number): Measured {
  const during = ({ service, from, until }: Happening): Trouble[] =>
    troubles.filter((one) => one.service === service && Date.parse(one.foundAt) >= from && Date.parse(one.foundAt) < until + echoMs);
  const shopOf = ({ service }: Happening): Shop | undefined => plan.shops.find(({ name }) => name === service);
  const found = plan.plants.filter((plant) => during(plant).length > 0);
  const correctable = found.filter((plant) => shopOf(plant)?.right !== undefined);
  const isRight = (plant: Happening): boolean => {
    const proposed = during(plant).flatMap(({ proposals }) => proposals.map(({ correction }) => correction));
    return proposed.length > 0 && proposed.every((correction) => correction === shopOf(plant)?.right);
  };
  const right = correctable.filter(isRight);
  const falsely = troubles
    .filter((one) => !plan.plants.some((plant) => during(plant).includes(one)))
    .flatMap((one) => one.proposals.map(() => one));
  const quietHours = totals.quietServiceHours;
  const rate = (falsely.length / quietHours) * 1000;
  const missed = plan.plants.filter((plant) => !found.includes(plant));
  return {
    value: `found ${found.length} of ${plan.plants.length} planted, right ${right.length} of ${correctable.length} with a correction, ${falsely.length} false proposals in ${quietHours} quiet service-hours (${rate.toFixed(2)} per 1,000)`,
    ok: found.length >= 0.9 * plan.plants.length && right.length >= 0.9 * correctable.length && rate <= 1,
    hitEnough: plan.plants.length >= plantsMin && correctable.length >= plantsMin / 2 && plan.nearMisses.length >= plantsMin,
    evidence: [
      `${plan.nearMisses.length} near misses, ${plan.blanks.length} blanks of the whole history, ${totals.findings} findings in ${totals.troubles} troubles, ${totals.calls} calls of a person`,
      `kinds: ${kindsOf(plan.plants, found)}`,
      ...missed.map((one) => `missed: ${sentenceOf(one)}`),
      ...correctable.filter((one) => !right.includes(one)).map((one) => `wrong: ${sentenceOf(one)}`),
      ...falsely.map((one) => `false: ${one.service} at ${one.foundAt}: ${one.findings.map(({ objective }) => objective).join(', ')}`),
    ].join('\n'),
  };
}

const sentenceOf = ({ kind, service, from, size }: Happening): string =>
  `${kind} of ${service} at ${new Date(from).toISOString()}, size ${size}`;

function kindsOf(plants: readonly Happening[], found: readonly Happening[]): string {
  const kinds = [...new Set(plants.map(({ kind }) => kind))];
  const count = (some: readonly Happening[], kind: string): number => some.filter((one) => one.kind === kind).length;
  return kinds.map((kind) => `${kind} ${count(found, kind)} of ${count(plants, kind)}`).join(', ');
}
