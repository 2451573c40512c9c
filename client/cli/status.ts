import type { IncidentRecord, Records } from '../../adapters/postgres/read.js';
import type { OpenIncident, Status } from '../../contracts/cli.js';
import type { CycleState } from '../../contracts/cycle.js';
import type { Fleet } from '../../domain/service.js';
import { lookAt, type Look } from '../cycles.js';
import { withHale, type Hale } from './hale.js';
import { heldBy, strandedEffect } from './holds.js';
import type { Report } from './report.js';
import { serviceStatus } from './service-status.js';
import { statusText } from './status-text.js';
import { settleCommand } from './way-out.js';
import { databaseOf, mainRuns, type Where } from './whereabouts.js';

export interface StatusOptions extends Where {
  readonly check?: boolean;
}

/** status: how every service stands and what needs a person. `--check` makes that the exit code. */
export const status = (options: StatusOptions): Promise<Report> =>
  withHale(options, async (hale) => {
    const data = await statusOf(hale);
    const exit = options.check && needsPerson(data) ? ({ exit: 'trouble' } as const) : {};
    return { data, text: statusText(data, Date.parse(data.asOf)), ...exit };
  });

/** Stopped, held, waiting, ended unclosed, or without data: nothing of this goes away without a person. */
const needsPerson = ({ stopped, services, incidents, temporal, failingChannels }: Status): boolean =>
  stopped !== null ||
  !temporal.reachable ||
  failingChannels.length > 0 ||
  incidents.some(({ state }) => state !== 'healing') ||
  services.some(({ state }) => state === 'held' || state === 'degraded' || state === 'noData');

export async function statusOf(hale: Hale): Promise<Status> {
  const { whereabouts } = hale;
  const records = await hale.records();
  const [fleet, switches, open, storm] = await Promise.all([
    records.fleet(),
    records.switches(),
    records.incidents({ open: true, limit: 1000 }),
    records.storm(),
  ]);
  const [measured, frozen] = fleet === undefined ? [[], []] : await Promise.all([records.measured(fleet), records.frozen(fleet)]);
  const [{ reachable, incidents }, held] = await Promise.all([
    askCycles(hale, records, open, fleet),
    heldBy(records, switches.holds, fleet),
  ]);
  const known = { switches, incidents, heldIncidents: held.incidents, measured, frozen };
  return {
    asOf: (await records.vitals()).now.toISOString(),
    temporal: { address: whereabouts.temporal?.address ?? null, namespace: whereabouts.temporal?.namespace ?? null, reachable },
    web: { url: whereabouts.web ?? null },
    database: { url: databaseOf(whereabouts) },
    processes: whereabouts.processes.map(({ role, pid }) => ({ role, pid })),
    stopped: switches.stop ? { by: switches.stop.by, since: switches.stop.since.toISOString() } : null,
    storm: storm ? { incident: storm.incident, since: storm.since.toISOString(), source: storm.source ?? null } : null,
    atWork: switches.atWork.map(({ service, by, until }) => ({ service, by, until: until.toISOString() })),
    starting: fleet === undefined && mainRuns(whereabouts),
    services: (fleet?.services ?? []).map(({ name }) => serviceStatus(name, known)),
    incidents,
    heldIncidents: [...held.incidents],
    failingChannels: (await records.failingChannels()).map(({ since, ...channel }) => ({ ...channel, since: since.toISOString() })),
    strandedEffects: held.stranded.map((effect) => strandedEffect(effect, fleet)),
  };
}

async function askCycles(
  hale: Hale,
  records: Records,
  open: readonly IncidentRecord[],
  fleet: Fleet | undefined,
): Promise<{ reachable: boolean; incidents: OpenIncident[] }> {
  const client = await hale.temporal().catch(() => undefined); // What the database knows is shown all the same.
  const look = async (incident: IncidentRecord): Promise<OpenIncident[]> => {
    if (incident.cycleCount === 0) return [stormIncident(incident)];
    const seen: Look = client === undefined ? { kind: 'unknown' } : await lookAt(client, incident);
    // A cycle that ended in order may have closed its incident since the list was read.
    const [still] = seen.kind === 'ended' ? await records.incidents({ id: incident.id, open: true, limit: 1 }) : [incident];
    return still === undefined ? [] : [openIncident(incident, seen, fleet)];
  };
  return { reachable: client !== undefined, incidents: (await Promise.all(open.map(look))).flat() };
}

const stormIncident = ({ id, service, startedAt, sentence }: IncidentRecord): OpenIncident => ({
  id,
  service,
  instance: null,
  startedAt: startedAt.toISOString(),
  phase: null,
  ask: null,
  state: 'storm',
  sentence: sentence ?? null,
});

function openIncident({ id, service, instance, startedAt }: IncidentRecord, look: Look, fleet: Fleet | undefined): OpenIncident {
  const about = { id, service, instance: instance ?? null, startedAt: startedAt.toISOString(), phase: null, ask: null };
  switch (look.kind) {
    case 'runs':
      return { ...about, ...running(look.state) };
    case 'ended':
      return {
        ...about,
        state: 'ended',
        sentence: `its cycle ended without closing it; the next cycle settles what it left: ${settleCommand(fleet, { service, instance })}`,
      };
    case 'unknown':
      return { ...about, state: 'healing', sentence: null };
  }
}

function running({ phase, sentence, ask, paused }: CycleState): Pick<OpenIncident, 'state' | 'phase' | 'sentence' | 'ask'> {
  return {
    state: ask ? 'waiting' : 'healing',
    phase,
    sentence: paused ? `paused by ${paused.by}; ${sentence}` : sentence,
    ask: ask ? { proposal: ask.proposal, correction: ask.correction, expiresAt: new Date(ask.expiresAt).toISOString() } : null,
  };
}
