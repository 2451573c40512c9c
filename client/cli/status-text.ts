import type { HeldIncident, OpenIncident, Status, StrandedEffect } from '../../contracts/cli.js';
import { testCommand } from '../../domain/page.js';
import { measuredStates, serviceStates, type ServiceState } from '../../domain/service-state.js';
import { age, coloured, counted, plain, table } from './text.js';
import { placeName } from './way-out.js';

/** The status page of a terminal: what needs a person first. `now` in ms since the epoch. */
export function statusText(status: Status, now: number): string {
  const blocks = [
    head(status),
    incidentTable(status, now),
    strandedTable(status.strandedEffects),
    channelTable(status, now),
    workTable(status, now),
    serviceTable(status),
  ];
  return blocks.filter((block) => block !== '').join('\n');
}

function head({ stopped, temporal, starting, services, storm }: Status): string {
  const automation = stopped
    ? coloured('red', `automation STOPPED by ${plain(stopped.by)} since ${stopped.since} (hale resume --all)`)
    : 'automation on';
  const server = temporal.reachable ? 'temporal ok' : coloured('red', 'temporal not reachable');
  const states = serviceStates
    .map((state) => [state, services.filter((service) => service.state === state)] as const)
    .filter(([, those]) => those.length > 0)
    .map(([state, those]) => `${those.length} ${state}${handsOff.includes(state) ? measuredCounts(those) : ''}`);
  const known = starting
    ? 'hale is still starting: its configuration was not taken up yet'
    : `${counted(services.length, 'service')}: ${states.join(', ') || 'no configuration was taken up yet (hale up --config hale.yaml)'}`;
  return [`${automation}   ${server}   database ok`, ...stormLine(storm), known].join('\n');
}

function stormLine(storm: Status['storm']): string[] {
  if (storm === null) return [];
  const corrected = storm.source === null ? 'nothing' : `nothing but ${plain(storm.source)}`;
  return [coloured('red', `STORM since ${storm.since}: hale corrects ${corrected} until it is over (hale incidents ${storm.incident})`)];
}

/** Under these hale acts on nothing, so that only the measurements tell whether a service is down. */
const handsOff: readonly ServiceState[] = ['stopped', 'paused', 'held'];

function measuredCounts(services: Status['services']): string {
  const count = (state: string): number => services.filter(({ measured }) => measured.state === state).length;
  const [broken, unknown] = [count('degraded'), count('noData')];
  return `${broken > 0 ? `, ${broken} of them broken` : ''}${unknown > 0 ? `, ${unknown} of them without data` : ''}`;
}

function incidentTable({ incidents, heldIncidents }: Status, now: number): string {
  const open = incidents.map((incident) => [
    incident.id,
    placeName(incident),
    incident.state,
    incident.phase ?? 'unknown',
    age(now - Date.parse(incident.startedAt)),
    nextOf(incident, now),
  ]);
  const rows = [...open, ...heldIncidents.map((incident) => heldRow(incident, now))];
  return rows.length === 0 ? '' : table(['INCIDENT', 'SERVICE', 'STATE', 'PHASE', 'AGE', 'NEXT'], rows);
}

/** Its cycle has ended: in the place of a phase stands how. */
const heldRow = (held: HeldIncident, now: number): string[] => [
  held.id,
  placeName(held),
  'held',
  held.outcome,
  age(now - Date.parse(held.since)),
  `${held.sentence === null ? '' : `${held.sentence}; `}${held.next}`,
];

function strandedTable(effects: readonly StrandedEffect[]): string {
  if (effects.length === 0) return '';
  const rows = effects.map((effect) => [effect.actionId, placeName(effect), effect.incident, effect.why ?? '-', effect.next]);
  return table(['STRANDED', 'SERVICE', 'INCIDENT', 'WHY', 'NEXT'], rows);
}

/** Whoever is not called does not know it: this has to be seen. */
function channelTable({ failingChannels }: Status, now: number): string {
  if (failingChannels.length === 0) return '';
  const rows = failingChannels.map(({ channel, since, waiting, why }) => [
    channel,
    age(now - Date.parse(since)),
    String(waiting),
    why,
    testCommand(channel),
  ]);
  return table(['CHANNEL FAILS', 'FOR', 'WAITING', 'WHY', 'TRY IT'], rows);
}

function workTable({ atWork }: Status, now: number): string {
  if (atWork.length === 0) return '';
  const rows = atWork.map(({ service, by, until }) => [service, by, age(Date.parse(until) - now), `hale work ${service} --done`]);
  return table(['AT WORK', 'BY', 'FOR', 'END IT'], rows);
}

function nextOf({ id, ask, sentence }: OpenIncident, now: number): string {
  if (ask === null) return sentence ?? 'no worker answers: hale doctor';
  return `hale approve ${id} --proposal ${ask.proposal}  (${ask.correction}; expires in ${age(Date.parse(ask.expiresAt) - now)})`;
}

function serviceTable({ services }: Status): string {
  if (services.length === 0) return '';
  const rows = services.map(({ name, state, why, measured, frozen }) => [
    name,
    state,
    measured.sentence,
    why === null || (frozen === null && measuredStates.some((one) => one === state)) ? '-' : why, // There the measurement is the reason.
  ]);
  const [header = '', ...lines] = table(['SERVICE', 'STATE', 'MEASURED', 'WHY'], rows).split('\n');
  return [header, ...lines.map((line, index) => paint(services[index]?.state, line))].join('\n');
}

function paint(state: ServiceState | undefined, line: string): string {
  if (state === 'ok' || state === undefined) return line;
  return coloured(state === 'healing' || state === 'waiting' || state === 'paused' ? 'yellow' : 'red', line);
}
