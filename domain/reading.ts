/**
 * One measurement of one signal. "Unknown" is a value: a reading that could not be taken never stands for health.
 * Times are milliseconds since the epoch and belong to the sample (a source's own timestamp), not to whoever read it.
 */
export type Reading =
  | { readonly kind: 'value'; readonly at: number; readonly value: number }
  /** The source answered with an infinity: beyond every bound, but no number that may enter averages, JSON or SQL. */
  | { readonly kind: 'unbounded'; readonly at: number; readonly sign: 1 | -1 }
  | { readonly kind: 'noData'; readonly at: number; readonly reason: NoDataReason; readonly detail: string };

/** Why there is no number. `sourceUnavailable` speaks about the monitoring, all others about this one series. */
export const noDataReasons = [
  'sourceUnavailable',
  'timeout',
  'absent',
  'stale',
  'notANumber',
  'ambiguous',
  'malformed',
  'conditionNotMet',
  'neverRead',
] as const;

export type NoDataReason = (typeof noDataReasons)[number];

/** The reading of a named signal, of the service itself or of one of its instances. */
export interface SignalReading {
  readonly service: string;
  readonly instance?: string;
  readonly signal: string;
  readonly reading: Reading;
}
