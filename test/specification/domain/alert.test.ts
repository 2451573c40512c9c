import { expect, test } from 'vitest';
import { alertName, alertSeverity, fateOf, type Alert, type AlertRecord, type Whom } from '../../../domain/alert.js';

const now = Date.UTC(2026, 10, 28);
const firing: Alert = { status: 'firing', labels: {}, annotations: {}, startsAt: now - 60_000, occurrence: 'x' };
const shop: Whom = { kind: 'services', about: [{ service: 'shop' }] };
const never: AlertRecord = { reported: false };
const fate = (changed: Partial<Alert>, record: Partial<AlertRecord> = {}, whom: Whom = shop) =>
  fateOf({ ...firing, ...changed }, { ...never, ...record }, whom, now);

test('an alert that fires is reported to whom it is about', () => {
  expect(fate({})).toEqual({ kind: 'report', about: [{ service: 'shop' }] });
});

test('what resolves is recorded and ends nothing', () => {
  expect(fate({ status: 'resolved' }).kind).toBe('recorded');
});

test('an alert that had resolved before it came starts nothing; one that began after that does', () => {
  expect(fate({}, { resolvedStart: firing.startsAt }).kind).toBe('recorded');
  expect(fate({}, { resolvedStart: firing.startsAt + 1 }).kind).toBe('recorded');
  expect(fate({}, { resolvedStart: firing.startsAt - 1 }).kind).toBe('report');
});

test('an alert that ends before it starts, or began more than a day ago, starts nothing', () => {
  expect(fate({ endsAt: firing.startsAt - 1 }).kind).toBe('recorded');
  expect(fate({ endsAt: firing.startsAt }).kind).toBe('report');
  expect(fate({ startsAt: now - 24 * 3_600_000 - 1 }).kind).toBe('recorded');
  expect(fate({ startsAt: now - 24 * 3_600_000 }).kind).toBe('report');
});

test('an alert that was reported is not reported again, whoever sends it', () => {
  expect(fate({}, { reported: true }).kind).toBe('recorded');
});

test('an alert about nobody is unmatched, and one about hale itself is a person`s', () => {
  expect(fate({}, {}, { kind: 'unmatched', why: 'x' })).toEqual({ kind: 'unmatched', why: 'x' });
  expect(fate({}, {}, { kind: 'self' })).toEqual({ kind: 'self' });
  expect(fate({ status: 'resolved' }, {}, { kind: 'self' }).kind).toBe('recorded');
});

test('the name of an alert is shown without markup and without end', () => {
  expect(alertName({ alertname: '<img src=x onerror=alert(1)> [x](javascript:y)' })).toBe('_img src_x onerror_alert_1__ _x__javascript:y_');
  expect(alertName({ alertname: 'a‮b\n\u0007' })).toBe('a_b__');
  expect(alertName({ alertname: '🔥 Größe' })).toBe('_ Größe');
  expect(alertName({ alertname: 'x'.repeat(4096) })).toHaveLength(100);
  expect(alertName({})).toBe('unnamed');
});

test('the severities that wake people are critical, all others a warning', () => {
  expect(['critical', 'page', 'Error'].map((severity) => alertSeverity({ severity }))).toEqual(['critical', 'critical', 'critical']);
  expect([alertSeverity({ severity: 'warning' }), alertSeverity({})]).toEqual(['warning', 'warning']);
});
