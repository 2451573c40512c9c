import { Counter, Registry } from 'prom-client';

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
