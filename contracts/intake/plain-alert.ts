import type { Alert } from '../../domain/alert.js';
import { readAlert } from './alert.js';
import type { CloudEvent } from './cloud-event.js';
import { type Fields, isFields, type Read, refuse, shown } from './refusal.js';

const HINT = 'such as {"name": "ShopDown", "service": "shop", "startsAt": "2026-01-31T08:00:00Z"}';

/**
 * The small shape for everything that is not Alertmanager: `name` and `service`, and as one likes `instance`, `status`,
 * `severity`, `summary`, `labels`, `startsAt`, `endsAt`, and `id`, which makes a repetition the same alert. Without a start
 * it began now.
 */
export function readPlainAlert(value: unknown, now: number): Read<Alert> {
  if (!isFields(value)) return refuse(422, 'badAlert', `the alert is ${shown(value)}`, HINT);
  const { name, service, instance, severity, summary, status, labels, id, startsAt, endsAt } = value;
  if (typeof name !== 'string' || name === '') return refuse(422, 'badAlert', `name is ${shown(name)}`, HINT);
  if (id !== undefined && (typeof id !== 'string' || id === ''))
    return refuse(422, 'badAlert', `id is ${shown(id)}`, 'text that is not empty');
  if (labels !== undefined && !isFields(labels)) return refuse(422, 'badLabels', `labels is ${shown(labels)}`, HINT);
  const own = Object.entries({ alertname: name, service, instance, severity }).filter(([, text]) => text !== undefined);
  const all = new Map([...Object.entries(labels ?? {}), ...own]);
  return readAlert(
    {
      status: status ?? 'firing',
      labels: Object.fromEntries(all),
      annotations: { summary },
      startsAt: startsAt ?? new Date(now).toISOString(),
      endsAt,
    },
    (start) => (typeof id === 'string' ? id : String(start)),
    now,
  );
}

/** The data is a plain alert; what it leaves out is told by the event: name by its type, service by its subject, start by its time. */
export function alertOfEvent({ id, source, type, subject, time, data }: CloudEvent, now: number): Read<Alert> {
  if (data !== undefined && data !== null && !isFields(data)) return refuse(422, 'badAlert', `data is ${shown(data)}`, HINT);
  const told: Fields = data ?? {};
  return readPlainAlert(
    { ...told, id: `${source} ${id}`, name: told.name ?? type, service: told.service ?? subject, startsAt: told.startsAt ?? time },
    now,
  );
}
