import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type pg from 'pg';
import { alertmanagerProvider } from '../adapters/alertmanager/provider.js';
import { alertmanagerSilences } from '../adapters/alertmanager/silences.js';
import { dockerProvider } from '../adapters/docker/provider.js';
import { loadPlugIns } from '../adapters/configuration/plug-ins.js';
import { standingOf } from '../adapters/docker/standing.js';
import { commands } from '../adapters/exec/commands.js';
import { execMeter } from '../adapters/exec/meter.js';
import { execProvider } from '../adapters/exec/provider.js';
import { fileProvider } from '../adapters/filesystem/file-provider.js';
import { releaseProvider } from '../adapters/filesystem/release-provider.js';
import { ownGround } from '../adapters/ground/own-ground.js';
import { gitProvider } from '../adapters/git/provider.js';
import { diskProvider } from '../adapters/machines/disk.js';
import { machines, processOf, type Machines } from '../adapters/machines/machines.js';
import { runitProvider } from '../adapters/machines/runit.js';
import { systemdProvider } from '../adapters/machines/systemd.js';
import { ownPod } from '../adapters/ground/pods.js';
import { httpMeter } from '../adapters/http/meter.js';
import { httpProvider } from '../adapters/http/provider.js';
import { postgresChanges } from '../adapters/postgres/changes.js';
import { postgresConfigurations } from '../adapters/postgres/configurations.js';
import { postgresControls } from '../adapters/postgres/controls.js';
import { postgresEffects } from '../adapters/postgres/effects.js';
import { postgresAddress, postgresIdentity } from '../adapters/postgres/identity.js';
import { postgresIncidents } from '../adapters/postgres/incidents.js';
import { postgresKnownGood } from '../adapters/postgres/known-good.js';
import { postgresLeases } from '../adapters/postgres/leases.js';
import { postgresLessons } from '../adapters/postgres/lessons.js';
import { postgresSamples } from '../adapters/postgres/samples.js';
import { postgresSignatures } from '../adapters/postgres/signatures.js';
import { postgresShards } from '../adapters/postgres/shards.js';
import { postgresStorms } from '../adapters/postgres/storms.js';
import { temporalCycles } from '../adapters/temporal/cycles.js';
import { postgresProvider } from '../adapters/postgres-target/provider.js';
import { sqlMeter } from '../adapters/postgres-target/meter.js';
import { prometheusMembers } from '../adapters/prometheus/members.js';
import { promqlMeter } from '../adapters/prometheus/promql.js';
import { scrapeMeter } from '../adapters/prometheus/scrape.js';
import { prometheusSources, type Sources } from '../adapters/prometheus/sources.js';
import { plugInProvider } from '../adapters/plug-in/provider.js';
import { waitProvider } from '../adapters/wait/provider.js';
import { kubernetesProvider } from '../adapters/kubernetes/provider.js';
import { mailNotifier } from '../adapters/mail/mail.js';
import { grafanaNotifier } from '../adapters/notify/grafana.js';
import { pagerdutyNotifier } from '../adapters/notify/pagerduty.js';
import { slackNotifier } from '../adapters/notify/slack.js';
import { teamsNotifier } from '../adapters/notify/teams.js';
import { webhookNotifier } from '../adapters/notify/webhook.js';
import type { Meters, Notifiers, Ports, Provider, Providers } from '../activities/ports.js';
import { lookingOnly } from '../activities/read-only.js';
import { privilegeOf, privileges, type Privilege } from '../domain/privilege.js';
import type { Action } from '../domain/service.js';

/** What `hale up` tells its workers about itself. */
export interface Whereabouts {
  readonly state?: string | undefined;
  /** `host:port` of the web process and of Temporal's page. */
  readonly web?: string | undefined;
  readonly temporalPage?: string | undefined;
}

/**
 * Everything the activities need, made of the adapters.
 * @param acts with what privileges these ports may change the world; everything else they only look at
 */
export function composePorts(
  pool: pg.Pool,
  client: Client,
  { state, web, temporalPage }: Whereabouts = {},
  acts: readonly Privilege[] = privileges,
): Ports {
  const sources = prometheusSources();
  const onMachines = machines({ commands, state: resolve(state ?? '.hale', 'machine') });
  return {
    configurations: postgresConfigurations(pool),
    meters: composeMeters(sources),
    members: prometheusMembers(sources),
    providers: limitedTo(acts, composeProviders(onMachines, state)),
    incidents: postgresIncidents(pool),
    effects: postgresEffects(pool),
    leases: postgresLeases(pool),
    controls: postgresControls(pool),
    signatures: postgresSignatures(pool),
    lessons: postgresLessons(pool),
    knownGood: postgresKnownGood(pool),
    samples: postgresSamples(pool),
    shards: postgresShards(pool),
    cycles: temporalCycles(client),
    storms: postgresStorms(pool),
    changes: postgresChanges(pool),
    silences: alertmanagerSilences(),
    ground: ownGround({
      database: () => postgresIdentity(pool),
      servers: {
        Temporal: temporalAddress(client),
        PostgreSQL: postgresAddress(pool),
        'web server': web,
        'page of Temporal': temporalPage,
      },
      folders: ownFolders(state),
      pod: ownPod(),
      process: process.pid,
      processOf: (target) => processOf(onMachines, target),
      standingOf,
    }),
  };
}

/**
 * Where hale connects to. The native connection of a worker does not tell where it leads: it was made of the same
 * configuration as this is read from.
 */
function temporalAddress({ connection }: Client): string {
  const { options } = connection as Partial<Connection>;
  return options?.address ?? loadClientConnectConfig().connectionOptions.address ?? 'localhost:7233';
}

/** What the demo keeps beside them is the demo's. */
const ownFolders = (state: string | undefined): Readonly<Record<string, readonly string[]>> => ({
  ...(state === undefined
    ? {}
    : {
        'PostgreSQL files': [join(state, 'postgres')],
        'Temporal files': [join(state, 'temporal')],
        'password of PostgreSQL': [join(state, 'postgres.password')],
        mirrors: [join(state, 'git')],
        'journal of this machine': [join(state, 'machine')],
        logs: [join(state, 'logs')],
        'state file': [join(state, 'run.json'), join(state, 'claim.lock')],
      }),
  installation: installation(),
});

/** The program, and no more of the folder that it lies in: a state folder may be there too. */
function installation(): string[] {
  const code = fileURLToPath(new URL('..', import.meta.url));
  const root = existsSync(join(code, 'package.json')) ? code : dirname(code);
  const parts = ['activities', 'adapters', 'client', 'contracts', 'domain', 'workers', 'workflows', 'workflows.bundle.js'];
  return [...parts.map((part) => join(code, part)), ...['bin', 'node_modules', 'package.json'].map((part) => join(root, part))];
}

const composeMeters = (sources: Sources): Meters => ({
  http: httpMeter(),
  exec: execMeter(),
  scrape: scrapeMeter(),
  promql: promqlMeter(sources),
  sql: sqlMeter(),
});

/** One provider per kind of action; `inactive` has none, and the gate refuses it. */
function composeProviders(onMachines: Machines, state = '.hale'): Providers {
  const providers: { readonly [K in Action['kind']]?: unknown } = {
    disk: diskProvider(onMachines),
    docker: dockerProvider(),
    alertmanager: alertmanagerProvider(),
    exec: execProvider(),
    file: fileProvider(commands),
    git: gitProvider(join(state, 'git', 'corrections')),
    http: httpProvider(),
    plugIn: plugInProvider(loadPlugIns),
    kubernetes: kubernetesProvider(),
    postgres: postgresProvider(),
    release: releaseProvider(commands),
    runit: runitProvider(onMachines),
    systemd: systemdProvider(onMachines),
    wait: waitProvider(),
  };
  // Each provider takes only its own kind of action; the key under which it is found is that kind.
  return { for: (action) => providers[action.kind] as Provider | undefined };
}

/** What touches nothing needs no privilege. */
const limitedTo = (acts: readonly Privilege[], providers: Providers): Providers => ({
  for(action) {
    const [provider, needed] = [providers.for(action), privilegeOf(action.kind)];
    if (provider === undefined || needed === undefined || acts.includes(needed)) return provider;
    return lookingOnly(provider, `a worker without the privilege ${needed}`);
  },
});

export const composeNotifiers = (): Notifiers => ({
  slack: slackNotifier(),
  teams: teamsNotifier(),
  pagerduty: pagerdutyNotifier(),
  email: mailNotifier(),
  webhook: webhookNotifier(),
  grafana: grafanaNotifier(),
});
