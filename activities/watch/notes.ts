import { memberKey } from '../../domain/detection/finding.js';
import type { Incidents, LedgerEvent } from '../ports.js';
import type { Change } from '../../domain/detection/board.js';

/**
 * What the ledger says about a finding; its key is the same whoever finds it again. `isLast`: with this one closed nothing is
 * found about its service or instance any more.
 */
export function findingEvent({ kind, finding }: Change, isLast: boolean): LedgerEvent {
  const { service, instance, objective, onset, severity, evidence } = finding;
  return {
    key: `finding/${memberKey(finding)}/${objective}/${finding.kind}/${onset}/${kind}`,
    kind: `finding.${kind}`,
    service,
    ...(instance === undefined ? {} : { instance }),
    data: { finding: finding.kind, objective, onset, severity, evidence, isLast },
  };
}

/** The one finding about the monitoring; its service is no service's name. */
export const monitoringEvent = (
  shard: number,
  since: number,
  kind: 'silent' | 'heard',
  missing: readonly string[],
  of: number,
): LedgerEvent => ({
  key: `monitoring/${shard}/${since}/${kind}`,
  kind: `monitoring.${kind}`,
  service: '-monitoring',
  data: { since, missing: missing.slice(0, 50), count: missing.length, of },
});

/** Ledger events that wait until they could be written, in order. */
export class Notes {
  readonly #incidents: Incidents;
  #waiting: LedgerEvent[] = [];
  #writing = false;

  constructor(incidents: Incidents) {
    this.#incidents = incidents;
  }

  add(events: readonly LedgerEvent[]): void {
    this.#waiting.push(...events);
  }

  /** Throws when the ledger can't be written; what is left goes with the next call. */
  async write(): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    try {
      for (let [event] = this.#waiting; event !== undefined; [event] = this.#waiting) {
        await this.#incidents.note(event);
        this.#waiting.shift();
      }
    } finally {
      this.#writing = false;
    }
  }
}
