import type { Alert } from '../../domain/alert.js';
import { annotationsOf, readLabels } from './labels.js';
import { isFields, type Read, read, refuse, type Refusal, shown } from './refusal.js';
import { readPast, readTime } from './time.js';

/** What one request holds: alerts to keep, and those that are refused, each for itself. */
export interface AlertBatch {
  readonly alerts: readonly Alert[];
  readonly refused: readonly { readonly index: number; readonly refusal: Refusal }[];
  /** How many alerts its sender left out. */
  readonly truncated: number;
}

export const alertsMax = 500;

/** One alert in the shape of Alertmanager. `occurrence` tells its repetitions, given its start in its sender's words. */
export function readAlert(value: unknown, occurrence: (start: number) => string, now: number): Read<Alert> {
  if (!isFields(value)) return refuse(422, 'badAlert', `the alert is ${shown(value)}`, 'an object with status, labels and startsAt');
  const { status } = value;
  if (status !== 'firing' && status !== 'resolved') return refuse(422, 'badStatus', `status is ${shown(status)}`, 'firing or resolved');
  const labels = readLabels(value.labels);
  if (labels.kind === 'refused') return labels;
  const start = readPast('startsAt', value.startsAt, now);
  if (start.kind === 'refused') return start;
  if (start.value === undefined) return refuse(422, 'badTime', 'startsAt is missing', 'when it began to fire, as in RFC 3339');
  const end = readTime('endsAt', value.endsAt);
  if (end.kind === 'refused') return end;
  return read({
    status,
    labels: labels.value,
    annotations: annotationsOf(value.annotations),
    startsAt: start.value.at,
    ...(start.value.told > start.value.at ? { aheadMs: start.value.told - start.value.at } : {}),
    ...(end.value === undefined ? {} : { endsAt: end.value }),
    occurrence: occurrence(start.value.told),
  });
}

/** Reads each for itself: one that is refused keeps none of the others out. */
export function batchOf(reads: readonly Read<Alert>[], truncated = 0): AlertBatch {
  return {
    alerts: reads.flatMap((one) => (one.kind === 'read' ? [one.value] : [])),
    refused: reads.flatMap((one, index) => (one.kind === 'refused' ? [{ index, refusal: one.refusal }] : [])),
    truncated,
  };
}

export const tooMany = (count: number) =>
  refuse(413, 'tooManyAlerts', `there are ${count} alerts in one request`, `at most ${alertsMax}; Alertmanager: max_alerts: ${alertsMax}`);
