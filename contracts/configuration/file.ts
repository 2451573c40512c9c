import { httpPolicy } from './reach.js';
import { z } from 'zod';
import { channelSources, linksFile, pageFile } from './channel-file.js';
import { approvals, correction, mode } from './corrections/file.js';
import { alertMatchers, branch, changeSources, clusterAccess, intake, repository } from './intake-file.js';
import { yieldsTo } from '../../domain/service.js';
import { absolutePath, choice, count, dockerUrl, duration, machineWord, matcher, name, percent, text, until, url } from './scalars.js';
import { objective, signal, target } from './signal-file.js';
import { timeIntervals } from './time-intervals.js';

/** The configuration file as people write it. Any part of a service may come from its class, so that all keys are optional. */

const secret = z
  .strictObject({
    file: absolutePath.optional(),
    env: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
      .optional(),
  })
  .refine((one) => (one.file === undefined) !== (one.env === undefined), {
    error: '{file: /run/secrets/name} or {env: NAME}, one of them',
  });

const sshSource = z.strictObject({
  user: machineWord('account'),
  key: text.describe('Name of an entry of `secrets`: a private key that may run nothing but what hale permissions prints'),
  knownHosts: machineWord('path').describe('File with the keys of the machines; no other machine is talked to'),
  port: count(1, 65_535).optional(),
  atOnce: count(1, 1000).optional().describe('How many machines are talked to at once'),
});

const source = z.strictObject({
  prometheus: url.optional(),
  alertmanager: url.optional().describe('Its silences are honoured, see policy.yieldTo'),
  serviceLabel: text.optional().describe('Which label of an Alertmanager names the service; without it, service'),
  token: text.optional().describe('Name of an entry of `secrets`'),
  refresh: duration('1s', '1h').optional().describe('Not asked more often than this'),
  maxQueriesPerSecond: count(1, 1000).optional(),
  ...channelSources,
  git: repository.optional().describe('Commits on its branch are changes of the services that name it'),
  branch: branch.optional(),
  kubernetes: clusterAccess.optional().describe('How the cluster of the Deployments that are targets is reached'),
  docker: dockerUrl.optional().describe('Its containers may be targets'),
  seal: text.optional().describe('Name of an entry of `secrets`, under which the configuration of good containers is kept'),
  namespaces: z.array(text).optional().describe('No Deployment in another one is looked at or corrected'),
  ssh: sshSource.optional().describe('Machines that are targets'),
});

const limits = {
  attempts: count(1, 100).optional().describe('Corrections that one cycle may try'),
  escalateAfter: duration('10s', '1d').optional().describe('The symptom still stands: a person is called'),
  approvalExpiry: duration('10s', '7d').optional().describe('A question without an answer escalates'),
  pauseMax: duration('1m', '30d').optional(),
};

const changesOnlyIn = z.array(text).describe('Names of time_intervals: changes are made only while all are open');

const atOnce = z.union([count(1, 10_000), percent], { error: 'a whole number from 1 to 10000, or a share of the instances such as 10%' });

const silenceFile = z.strictObject({
  source: name,
  for: duration('1m', '5m').optional().describe('How long a silence lasts after hale was last seen alive'),
});

const policy = z.strictObject({
  mode: mode.optional(),
  approvals: approvals.optional(),
  ...limits,
  page: pageFile.optional().describe('Called for services without a team, and for teams without a channel'),
  budgets: z
    .array(
      z.strictObject({
        max: count(1, 10_000),
        in: duration('1m', '30d'),
        per: choice('service', 'class', 'team', 'correction', 'environment'),
      }),
    )
    .optional(),
  silence: silenceFile.optional().describe('Alerts of services that allow it are silenced while a cycle works on them'),
  http: httpPolicy.optional().describe('Where requests may go beside public addresses'),
  storm: z.strictObject({ services: percent, within: duration('1s', '1h') }).optional(),
  freeze: z
    .strictObject({ reversals: count(1, 10_000).optional(), within: duration('1m', '7d').optional() })
    .optional()
    .describe('A resource turned back so often is left to a person'),
  yieldTo: z.array(choice(...yieldsTo)).optional(),
  maintenance: z.array(text).optional().describe('Names of time_intervals: nothing is changed while one is open'),
  changesOnlyIn: changesOnlyIn.optional(),
  errorBudget: z.strictObject({ askBelow: percent }).optional().describe('With less of it left, a loss is asked for'),
  resume: z
    .strictObject({ fourEyes: z.boolean({ error: 'true or false' }) })
    .optional()
    .describe('Whoever stopped automation does not lift the stop themselves'),
});

const instancesError = 'a list such as [web-1, web-2], or {source, query, by}';
const instances = z.union(
  [
    z.array(name).min(1, { error: instancesError }).max(10_000),
    z.strictObject({ source: name, query: text, by: text, expect: count(1, 10_000).optional() }),
  ],
  { error: instancesError },
);

const override = z.strictObject({
  match: z.array(matcher).min(1, { error: 'at least one matcher: an empty list matches nothing' }),
  mode,
  until,
  why: text,
});

const template = {
  team: name.optional(),
  mode: mode.optional(),
  signals: z.record(name, signal).optional(),
  objectives: z.record(name, objective).optional(),
  corrections: z.record(name, correction).optional(),
  order: choice('learned', 'fixed').optional(),
  limits: z.strictObject({ ...limits, atOnce: atOnce.optional(), minHealthy: percent.optional() }).optional(),
  target: target.optional(),
  instances: instances.optional(),
  dependsOn: z.array(name).optional(),
  overrides: z.array(override).optional(),
  changes: changeSources.optional().describe('Which commits are changes of it'),
  alerts: alertMatchers.optional().describe('Which alerts of other monitoring are about it'),
  changesOnlyIn: changesOnlyIn.optional(),
  silence: z.boolean({ error: 'true or false' }).optional().describe('Its alerts may be silenced, see policy.silence'),
};

export const serviceFile = z.strictObject({ class: name.optional(), ...template });

export const fleetFile = z.strictObject({
  apiVersion: z.literal('hale/v1', { error: 'hale/v1' }),
  environment: name.optional(),
  include: z.array(text).optional().describe('Further files, relative to this one; * stands for any part of a file name'),
  secrets: z.record(name, secret).optional(),
  sources: z.record(name, source).optional(),
  teams: z
    .record(
      name,
      z.strictObject({
        page: pageFile.optional(),
        approvers: z
          .array(text)
          .min(1, { error: 'at least one person, or a group such as group:sre: an empty list lets nobody say yes' })
          .optional(),
      }),
    )
    .optional(),
  links: linksFile.optional().describe('Where the links in messages lead'),
  policy: policy.optional(),
  intake: intake.optional(),
  time_intervals: timeIntervals.optional(),
  classes: z.record(name, z.strictObject(template)).optional(),
  services: z.record(name, serviceFile).optional(),
});

/** Files that are included need not repeat the version. */
export const includedFile = fleetFile.partial();

/** What all services share. */
export const sharedFile = includedFile.pick({ environment: true, secrets: true, sources: true, intake: true }).strip();
/** A service without its signals, objectives and corrections, which are resolved one by one. */
export const serviceHead = serviceFile
  .pick({ class: true, team: true, order: true, instances: true, dependsOn: true, overrides: true, alerts: true, silence: true })
  .strip();

export type SharedFile = z.output<typeof sharedFile>;
export type ServiceHead = z.output<typeof serviceHead>;
