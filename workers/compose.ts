import type { Client } from '@temporalio/client';
import type pg from 'pg';
import { commands } from '../adapters/exec/commands.js';
import { execMeter } from '../adapters/exec/meter.js';
import { execProvider } from '../adapters/exec/provider.js';
import { fileProvider } from '../adapters/filesystem/file-provider.js';
import { releaseProvider } from '../adapters/filesystem/release-provider.js';
import { httpMeter } from '../adapters/http/meter.js';
import { httpProvider } from '../adapters/http/provider.js';
import { postgresChanges } from '../adapters/postgres/changes.js';
import { postgresConfigurations } from '../adapters/postgres/configurations.js';
import { postgresControls } from '../adapters/postgres/controls.js';
import { postgresEffects } from '../adapters/postgres/effects.js';
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
import { waitProvider } from '../adapters/wait/provider.js';
import { mailNotifier } from '../adapters/mail/mail.js';
import { grafanaNotifier } from '../adapters/notify/grafana.js';
import { pagerdutyNotifier } from '../adapters/notify/pagerduty.js';
import { slackNotifier } from '../adapters/notify/slack.js';
import { teamsNotifier } from '../adapters/notify/teams.js';
import { webhookNotifier } from '../adapters/notify/webhook.js';
import type { Meters, Notifiers, Ports, Provider, Providers } from '../activities/ports.js';
import type { Action } from '../domain/service.js';

/** Everything the activities need, made of the adapters. */
export function composePorts(pool: pg.Pool, client: Client): Ports {
  const sources = prometheusSources();
  return {
    configurations: postgresConfigurations(pool),
    meters: composeMeters(sources),
    members: prometheusMembers(sources),
    providers: composeProviders(),
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
  };
}

const composeMeters = (sources: Sources): Meters => ({
  http: httpMeter(),
  exec: execMeter(),
  scrape: scrapeMeter(),
  promql: promqlMeter(sources),
  sql: sqlMeter(),
});

/** One provider per kind of action; `inactive` has none, and the gate refuses it. */
function composeProviders(): Providers {
  const providers: { readonly [K in Action['kind']]?: unknown } = {
    exec: execProvider(),
    file: fileProvider(commands),
    http: httpProvider(),
    postgres: postgresProvider(),
    release: releaseProvider(commands),
    wait: waitProvider(),
  };
  // Each provider takes only its own kind of action; the key under which it is found is that kind.
  return { for: (action) => providers[action.kind] as Provider | undefined };
}

export const composeNotifiers = (): Notifiers => ({
  slack: slackNotifier(),
  teams: teamsNotifier(),
  pagerduty: pagerdutyNotifier(),
  email: mailNotifier(),
  webhook: webhookNotifier(),
  grafana: grafanaNotifier(),
});
