import { alertsMax, type AlertBatch, batchOf, readAlert, tooMany } from './alert.js';
import { isText } from './labels.js';
import { isFields, type Read, read, refuse, shown } from './refusal.js';

const HINT = 'the webhook of Alertmanager, version 4: {"version": "4", "groupKey": "...", "alerts": [...]}';
const groupKeyMax = 16_384;

/** The webhook of Alertmanager, version 4. Fields that it may grow are ignored. */
export function readAlertmanager(value: unknown, now: number): Read<AlertBatch> {
  if (!isFields(value)) return refuse(400, 'notAlertmanager', `the body is ${shown(value)}`, HINT);
  const { version, groupKey, alerts, truncatedAlerts } = value;
  if (version !== '4') return refuse(422, 'badVersion', `version is ${shown(version)}`, HINT);
  if (typeof groupKey !== 'string' || groupKey.length > groupKeyMax || !isText(groupKey))
    return refuse(422, 'badGroupKey', `groupKey is ${shown(groupKey)}`, HINT);
  if (!Array.isArray(alerts)) return refuse(422, 'badAlerts', `alerts is ${shown(alerts)}`, HINT);
  if (alerts.length > alertsMax) return tooMany(alerts.length);
  const truncated = typeof truncatedAlerts === 'number' && truncatedAlerts > 0 ? Math.floor(truncatedAlerts) : 0;
  return read(
    batchOf(
      alerts.map((alert) => readAlert(alert, (start) => JSON.stringify([groupKey, start]), now)),
      truncated,
    ),
  );
}
