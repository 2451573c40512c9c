import type { Severity } from './finding.js';
import type { SecretReference } from './service.js';

/** Somebody who may send alerts or changes, under a token of its own. */
export interface IntakeSource {
  readonly name: string;
  readonly accepts: 'alertmanager' | 'alerts' | 'changes';
  readonly token: SecretReference;
  readonly perSecondMax: number;
}

/** As in Alertmanager: regular expressions match the whole value, and a missing label is the empty text. */
export interface LabelMatcher {
  readonly label: string;
  readonly operator: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

/** Maps from outside have no prototype: `constructor` is a label like any other. */
export type Labels = Readonly<Record<string, string>>;

/** One alert as its sender tells it. Times in ms since the epoch. */
export interface Alert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsAt: number;
  readonly endsAt?: number;
  /** Makes a repetition the same alert, beside source, labels and status. */
  readonly occurrence: string;
  /** Its start lay so far ahead of this clock, and was taken as now. */
  readonly aheadMs?: number;
}

/** Whom an alert is about. */
export interface About {
  readonly service: string;
  readonly instance?: string;
}

/** What becomes of an alert. Only `report` starts or reaches a cycle. */
export type AlertFate =
  | { readonly kind: 'report'; readonly about: readonly About[] }
  /** About hale itself: a person's, and never acted upon. */
  | { readonly kind: 'self' }
  | { readonly kind: 'unmatched'; readonly why: string }
  | { readonly kind: 'recorded'; readonly why: string };

/** What is on record about the same alert (the same labels), from whichever sender. */
export interface AlertRecord {
  /** The newest start that was said to have ended before this one came; absent where none was. */
  readonly resolvedStart?: number;
  /** This very start was reported before: Alertmanagers in a pair send everything twice. */
  readonly reported: boolean;
}

/** Older ones are told again, or by a sender that was away: whatever they were about is measured anyway. */
const TOO_OLD_MS = 24 * 3_600_000;

/** Decides on one alert, given whom it is about. What resolves is a hint and ends nothing: hale measures for itself. */
export function fateOf(alert: Alert, record: AlertRecord, whom: Whom, now: number): AlertFate {
  if (alert.status === 'resolved') return recorded('resolved: a hint, hale measures for itself');
  if (alert.endsAt !== undefined && alert.endsAt < alert.startsAt) return recorded('it ends before it starts');
  if (record.resolvedStart !== undefined && alert.startsAt <= record.resolvedStart) return recorded('it had resolved before it came');
  if (now - alert.startsAt > TOO_OLD_MS) return recorded('it began more than a day ago');
  if (record.reported) return recorded('the same alert was reported before');
  if (whom.kind === 'services') return { kind: 'report', about: whom.about };
  return whom;
}

export type Whom = { readonly kind: 'services'; readonly about: readonly About[] } | Extract<AlertFate, { kind: 'self' | 'unmatched' }>;

const recorded = (why: string): AlertFate => ({ kind: 'recorded', why });

/** The words of the label `severity` that mean somebody is called at night. */
const CRITICAL = ['critical', 'page', 'error', 'emergency'];

export const alertSeverity = (labels: Labels): Severity =>
  CRITICAL.includes(labels.severity?.toLowerCase() ?? '') ? 'critical' : 'warning';

const nameMax = 100;

/** The alert's name as people read it: no text from outside is markup, control or endless. */
export const alertName = (labels: Labels): string =>
  (labels.alertname ?? '')
    .replaceAll(/[^\p{L}\p{N} ._:/-]/gu, '_')
    .slice(0, nameMax)
    .trim() || 'unnamed';
