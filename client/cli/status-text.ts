import type { OpenIncident, Status } from '../../contracts/cli.js';
import { serviceStates, type ServiceState } from '../../domain/service-state.js';
import { age, coloured, counted, plain, table } from './text.js';

/** The status page of a terminal: what needs a person first. `now` in ms since the epoch. */
export function statusText(status: Status, now: number): string {
  const blocks = [head(status), incidentTable(status.incidents, now), serviceTable(status)];
  return blocks.filter((block) => block !== '').join('\n');
}

function head({ stopped, temporal, starting, services }: Status): string {
  const automation = stopped
    ? coloured('red', `automation STOPPED by ${plain(stopped.by)} since ${stopped.since} (hale resume --all)`)
    : 'automation on';
  const server = temporal.reachable ? 'temporal ok' : coloured('red', 'temporal not reachable');
  const states = serviceStates
    .map((state) => [state, services.filter((service) => service.state === state).length] as const)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`);
  const known = starting
    ? 'hale is still starting: its configuration was not taken up yet'
    : `${counted(services.length, 'service')}: ${states.join(', ') || 'no configuration was taken up yet (hale up --config hale.yaml)'}`;
  return `${automation}   ${server}   database ok\n${known}`;
}

function incidentTable(incidents: readonly OpenIncident[], now: number): string {
  if (incidents.length === 0) return '';
  const rows = incidents.map((incident) => [
    incident.id,
    nameOf(incident),
    incident.state,
    incident.phase ?? 'unknown',
    age(now - Date.parse(incident.startedAt)),
    nextOf(incident, now),
  ]);
  return table(['INCIDENT', 'SERVICE', 'STATE', 'PHASE', 'AGE', 'NEXT'], rows);
}

const nameOf = ({ service, instance }: OpenIncident): string => (instance === null ? service : `${service}/${instance}`);

function nextOf({ id, ask, sentence }: OpenIncident, now: number): string {
  if (ask === null) return sentence ?? 'no worker answers: hale doctor';
  return `hale approve ${id} --proposal ${ask.proposal}  (${ask.correction}; expires in ${age(Date.parse(ask.expiresAt) - now)})`;
}

function serviceTable({ services }: Status): string {
  if (services.length === 0) return '';
  const rows = services.map(({ name, state, why }) => [name, state, why ?? '-']);
  const [header = '', ...lines] = table(['SERVICE', 'STATE', 'WHY'], rows).split('\n');
  return [header, ...lines.map((line, index) => paint(services[index]?.state, line))].join('\n');
}

function paint(state: ServiceState | undefined, line: string): string {
  if (state === 'ok' || state === undefined) return line;
  return coloured(state === 'healing' || state === 'waiting' || state === 'paused' ? 'yellow' : 'red', line);
}
