import type { FastifyInstance } from 'fastify';
import { Counter, Gauge, Registry } from 'prom-client';
import type { Intake } from '../../adapters/postgres/intake.js';
import { unavailable } from './problem.js';

type Figures = Awaited<ReturnType<Intake['figures']>>;

/** What this process has counted since it began; everything else is asked of the database at each scrape. */
export class Counters {
  readonly registry = new Registry();
  readonly #alerts = new Counter({
    name: 'hale_intake_alerts_total',
    help: 'Alerts that were sent, by source and what became of them: kept, known (a repetition) or refused.',
    labelNames: ['source', 'result'],
    registers: [this.registry],
  });
  readonly #requests = new Counter({
    name: 'hale_intake_requests_total',
    help: 'Requests to the intake, by status code of the answer.',
    labelNames: ['code'],
    registers: [this.registry],
  });

  alerts(source: string, { stored, again, refused }: { readonly stored: number; readonly again: number; readonly refused: number }): void {
    this.#alerts.inc({ source, result: 'kept' }, stored);
    this.#alerts.inc({ source, result: 'known' }, again);
    this.#alerts.inc({ source, result: 'refused' }, refused);
  }

  answered(code: number): void {
    this.#requests.inc({ code: String(code) });
  }
}

/** Without the database nothing is known, and the scrape fails: `up` is 0 then, and no number stands in for another. */
export function metricsRoute(server: FastifyInstance, intake: Intake, { registry }: Counters): void {
  server.get('/metrics', async (_, reply) => {
    const figures = await intake.figures().catch(() => {
      throw unavailable('databaseAway', 'the database does not answer', 5);
    });
    const now = registryOf(figures);
    const text = await Registry.merge([registry, now]).metrics();
    return reply.header('content-type', now.contentType).send(text);
  });
}

function registryOf(figures: Figures): Registry {
  const registry = new Registry();
  const gauge = (name: string, help: string, value: number | undefined): void => {
    if (value !== undefined) new Gauge({ name, help, registers: [registry] }).set(value);
  };
  const byState = (name: string, help: string, values: Readonly<Record<string, number>>, states: readonly string[]): void => {
    const one = new Gauge({ name, help, labelNames: ['state'], registers: [registry] });
    for (const state of states) one.set({ state }, values[state] ?? 0);
  };
  gauge('hale_watch_last_reading_timestamp_seconds', 'When the newest reading was taken; absent when there is none.', figures.lastReading);
  gauge('hale_services', 'Configured services.', figures.services);
  gauge('hale_incidents_open', 'Incidents that have not ended.', figures.incidentsOpen);
  byState('hale_effects_in_force', 'Changes to the world that nobody has kept or undone.', figures.effectsInForce, effectStates);
  gauge('hale_services_held', 'Services on which hale keeps its hands off until a person resumes them.', figures.held);
  gauge('hale_services_paused', 'Pauses in force; one may be for all services.', figures.paused);
  gauge('hale_stopped', '1 while a person has stopped all automation.', figures.stopped);
  gauge('hale_storm', '1 while many services at once are one incident.', figures.storm);
  byState('hale_alerts_last_day', 'Alerts received in the last 24 hours, by what became of them.', figures.alertsLastDay, alertStates);
  gauge(
    'hale_intake_drain_lag_seconds',
    'How long the oldest alert waits at which nobody has looked; 0 when none waits.',
    figures.drainLag,
  );
  gauge('hale_changes_last_day', 'Changes received in the last 24 hours.', figures.changesLastDay);
  return registry;
}

const effectStates = ['intended', 'applied', 'undoing', 'unknown', 'stranded'];
const alertStates = ['waiting', 'report', 'recorded', 'unmatched', 'self'];
