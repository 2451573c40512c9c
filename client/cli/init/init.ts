import { link, open, readFile, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Cluster } from '../../../adapters/kubernetes/deployments.js';
import { Getter } from '../../../adapters/prometheus/get.js';
import { survey, SurveyFailed, type Survey } from '../../../adapters/prometheus/survey.js';
import { draftText } from '../../../contracts/configuration/draft.js';
import { durationMs } from '../duration.js';
import { Failure } from '../exit-codes.js';
import { refuseInvalid } from '../import.js';
import type { Report } from '../report.js';
import { counted } from '../text.js';
import { alertmanagerHint } from './alertmanager.js';
import { readRules, type ReadRules } from './rules.js';
import { clusterSource, servicesOf, source, type Found } from './services.js';
import { unifiedDiff } from './unified-diff.js';

export interface InitOptions {
  readonly prometheus: string;
  readonly alertmanager?: string;
  readonly kubernetes?: boolean;
  readonly tokenFile?: string;
  readonly out: string;
  readonly timeout: string;
}

const queriesPerSecondMax = 20;

/** Also bounds what hale does once somebody changes the mode: nobody thinks of these on that day. */
const safePolicy = {
  mode: 'observe',
  budgets: [
    { max: 3, in: '1h', per: 'service' },
    { max: 20, in: '1d', per: 'environment' },
  ],
  storm: { services: '10%', within: '2m' },
  yieldTo: ['rolloutInProgress', 'person'],
};

/**
 * init: writes a configuration that only observes, from what Prometheus, Alertmanager and the cluster know. A file that
 * is there is left as it is: then the difference is printed.
 */
export async function init(options: InitOptions): Promise<Report> {
  const timeoutMs = durationMs('--timeout', options.timeout);
  const ask = (url: string, token?: string): Getter =>
    new Getter({ url, timeoutMs, queriesPerSecondMax, ...(token === undefined ? {} : { token: { file: token } }) });
  const getter = ask(options.prometheus, options.tokenFile);
  const seen = await asked(getter, () => survey(getter));
  const rules = await asked(getter, () => readRules(seen, getter, source));
  const cluster = options.kubernetes ? await clusterOf(timeoutMs) : undefined;
  const hint = options.alertmanager === undefined ? [] : await alertmanagerHint(ask(options.alertmanager));
  const found = servicesOf(seen, rules.objectives, cluster);
  const files = cluster?.furtherFiles ?? [];
  const further = files.length === 0 ? [] : [`kubeconfig: a source has one file; not taken over: ${files.join(', ')}`];
  const leftOut = [...rules.leftOut, ...found.leftOut, ...further];
  const text = textOf(options, seen, rules, found, cluster, hint, leftOut);
  await refuseInvalid(text);
  return written(options.out, text, found.services.length, leftOut);
}

async function asked<T>(getter: Getter, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SurveyFailed)) throw error;
    throw new Failure(
      'unreachable',
      `Prometheus at ${getter.url} can't be asked: ${error.message}`,
      'Nothing was written. A token: --token-file FILE',
    );
  }
}

/** The client of Kubernetes is large; it is loaded for those who ask for it. */
async function clusterOf(timeoutMs: number): Promise<Cluster> {
  const { readDeployments } = await import('../../../adapters/kubernetes/deployments.js');
  return readDeployments(timeoutMs).catch((error: unknown) => {
    if (!(error instanceof Error) || error.name !== 'ClusterUnreachable') throw error;
    throw new Failure('unreachable', error.message, 'Nothing was written. The context: kubectl config current-context');
  });
}

function textOf(
  options: InitOptions,
  { jobs, rules: all }: Survey,
  rules: ReadRules,
  found: Found,
  cluster: Cluster | undefined,
  hint: readonly string[],
  leftOut: readonly string[],
): string {
  if (jobs.length === 0) throw new Failure('notFound', `Prometheus at ${options.prometheus} has no job`, 'Nothing was written.');
  const token = options.tokenFile === undefined ? undefined : resolve(options.tokenFile);
  const ruled = counted(rules.objectives.length, 'objective');
  return draftText({
    head: [
      `From Prometheus ${options.prometheus}: ${counted(jobs.length, 'job')}, ${counted(all.length, 'alerting rule')}, ${ruled} made of them.`,
      'hale only observes by this file: it says what it would do, and does nothing.',
      'Check it: hale check. Try it on the past: hale backtest --since 30d. Run it: hale up --config.',
      'Another `hale init` changes nothing here: it prints what it would write now.',
    ],
    ...(token === undefined ? {} : { secrets: { [source]: { file: token } } }),
    sources: {
      [source]: {
        prometheus: options.prometheus,
        ...(token === undefined ? {} : { token: source }),
        maxQueriesPerSecond: queriesPerSecondMax,
      },
      ...(cluster === undefined ? {} : { [clusterSource]: { kubernetes: cluster.access } }),
    },
    policy: safePolicy,
    teams: found.teams,
    services: found.services,
    tail: [...hint, ...(leftOut.length === 0 ? [] : ['Found, and not taken over:', ...leftOut.map((line) => `  ${line}`)])],
  });
}

async function written(out: string, text: string, services: number, leftOut: readonly string[]): Promise<Report> {
  const before = await existing(out);
  if (before !== undefined) {
    const diff = unifiedDiff(before, text, out, `${out} as hale init would write it now`);
    const result = diff === '' ? 'equal' : 'different';
    return {
      data: { file: out, result, services, leftOut, diff },
      text: diff === '' ? `${out} is as hale init would write it now` : diff,
      ...(diff === '' ? {} : { talk: [`${out} is there and was left as it is`], exit: 'trouble' as const }),
    };
  }
  await writeNew(out, text);
  const talk = [...leftOut.map((line) => `not taken over: ${line}`), `next: hale check ${out}; hale backtest --config ${out} --since 30d`];
  return {
    data: { file: out, result: 'written', services, leftOut, diff: '' },
    text: `${out}: ${counted(services, 'service')}, in mode observe`,
    talk,
  };
}

async function existing(out: string): Promise<string | undefined> {
  try {
    return await readFile(out, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new Failure(
      'usage',
      `--out is ${JSON.stringify(out)}, which can't be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Appears whole or not at all, and never in place of a file that somebody else wrote meanwhile. */
async function writeNew(out: string, text: string): Promise<void> {
  const draft = join(dirname(resolve(out)), `.hale-init-${process.pid}.yaml`);
  try {
    const file = await open(draft, 'wx');
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(draft, resolve(out));
  } catch (error) {
    throw new Failure(
      'usage',
      `--out is ${JSON.stringify(out)}, which can't be written: ${error instanceof Error ? error.message : String(error)}`,
    );
  } finally {
    await unlink(draft).catch(() => undefined);
  }
}
