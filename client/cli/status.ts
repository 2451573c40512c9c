import { boundSentence } from '../../domain/detection/bound.js';
import { readingSentence } from '../../domain/detection/trust.js';
import { serviceState, worstOf, type ServiceFacts, type ServiceState } from '../../domain/service-state.js';
import type { IncidentRecord, MeasuredObjective, Records, SwitchStates } from '../../adapters/postgres/read.js';
import type { OpenIncident, Status } from '../../contracts/cli.js';
import type { CycleState } from '../../contracts/cycle.js';
import { lookAt, type Look } from '../cycles.js';
import { withHale, type Hale } from './hale.js';
import type { Report } from './report.js';
import { statusText } from './status-text.js';
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
const needsPerson = ({ stopped, services, incidents, temporal }: Status): boolean =>
  stopped !== null ||
  !temporal.reachable ||
  incidents.some(({ state }) => state !== 'healing') ||
  services.some(({ state }) => state === 'held' || state === 'degraded' || state === 'noData');

export async function statusOf(hale: Hale): Promise<Status> {
  const { whereabouts } = hale;
  const records = await hale.records();
  const [fleet, switches, open] = await Promise.all([records.fleet(), records.switches(), records.incidents({ open: true, limit: 1000 })]);
  const measured = fleet === undefined ? [] : await records.measured(fleet);
  const { reachable, incidents } = await askCycles(hale, records, open);
  return {
    asOf: (await records.vitals()).now.toISOString(),
    temporal: { address: whereabouts.temporal?.address ?? null, namespace: whereabouts.temporal?.namespace ?? null, reachable },
    web: { url: whereabouts.web ?? null },
    database: { url: databaseOf(whereabouts) },
    processes: whereabouts.processes.map(({ role, pid }) => ({ role, pid })),
    stopped: switches.stop ? { by: switches.stop.by, since: switches.stop.since.toISOString() } : null,
    starting: fleet === undefined && mainRuns(whereabouts),
    services: (fleet?.services ?? []).map(({ name }) => serviceStatus(name, switches, incidents, measured)),
    incidents,
  };
}

async function askCycles(
  hale: Hale,
  records: Records,
  open: readonly IncidentRecord[],
): Promise<{ reachable: boolean; incidents: OpenIncident[] }> {
  const client = await hale.temporal().catch(() => undefined); // What the database knows is shown all the same.
  const look = async (incident: IncidentRecord): Promise<OpenIncident[]> => {
    const seen: Look = client === undefined ? { kind: 'unknown' } : await lookAt(client, incident);
    // A cycle that ended in order may have closed its incident since the list was read.
    const [still] = seen.kind === 'ended' ? await records.incidents({ id: incident.id, open: true, limit: 1 }) : [incident];
    return still === undefined ? [] : [openIncident(incident, seen)];
  };
  return { reachable: client !== undefined, incidents: (await Promise.all(open.map(look))).flat() };
}

function openIncident({ id, service, instance, startedAt }: IncidentRecord, look: Look): OpenIncident {
  const about = { id, service, instance: instance ?? null, startedAt: startedAt.toISOString(), phase: null, ask: null };
  switch (look.kind) {
    case 'runs':
      return { ...about, ...running(look.state) };
    case 'ended':
      return {
        ...about,
        state: 'ended',
        sentence: `its cycle ended without closing it; the next cycle settles what it left: hale heal ${service}${instance === undefined ? '' : ` --instance ${instance}`}`,
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

type ServiceStatus = Status['services'][number];
type InstanceStatus = ServiceStatus['instances'][number];

function serviceStatus(
  name: string,
  switches: SwitchStates,
  incidents: readonly OpenIncident[],
  measured: readonly MeasuredObjective[],
): ServiceStatus {
  const own = measured.filter(({ service }) => service === name);
  const broken = incidents.filter(({ service }) => service === name);
  const keys = new Set([...own.map(({ instance }) => instance), ...broken.map(({ instance }) => instance ?? undefined)]);
  if (keys.size === 0) keys.add(undefined);
  const members = [...keys].map((instance) => ({ instance, ...memberStatus(name, instance, switches, broken, own) }));
  const state = worstOf(members.map((member) => member.state));
  const instances = members.flatMap(({ instance, ...member }): InstanceStatus[] =>
    instance === undefined ? [] : [{ name: instance, ...member }],
  );
  return { name, state, why: members.find((member) => member.state === state)?.why ?? null, instances };
}

function memberStatus(
  name: string,
  instance: string | undefined,
  switches: SwitchStates,
  incidents: readonly OpenIncident[],
  measured: readonly MeasuredObjective[],
): { state: ServiceState; why: string | null } {
  const pause = switches.pauses.find(({ service }) => service === name || service === '*');
  const hold = switches.holds.find((one) => one.service === name && one.instance === instance);
  const incident = incidents.find((one) => (one.instance ?? undefined) === instance);
  const objectives = measured.filter((one) => one.instance === instance);
  const facts: ServiceFacts = {
    stopped: switches.stop !== undefined,
    paused: pause !== undefined,
    held: hold !== undefined,
    judgements: objectives.map(({ judgement }) => judgement),
    ...(incident === undefined || incident.state === 'ended' ? {} : { cycle: incident.state }),
  };
  const state = serviceState(facts);
  const reasons: Partial<Record<ServiceState, string | undefined>> = {
    stopped: `stopped by ${switches.stop?.by}`,
    paused: `paused by ${pause?.by}${pause?.until === undefined ? '' : ` until ${pause.until.toISOString()}`}`,
    held: `held since a cycle ended ${hold?.outcome}`,
    healing: incident?.id,
    waiting: incident?.id,
    degraded: objectives.map(brokenSentence).find(Boolean),
    noData: objectives.map(missingSentence).find(Boolean) ?? 'nothing was measured yet',
  };
  return { state, why: reasons[state] ?? null };
}

function brokenSentence({ objective, judgement }: MeasuredObjective): string | undefined {
  const fine = judgement.kind === 'noData' || (judgement.kind === 'met' && judgement.doubtfulSince === undefined);
  return fine ? undefined : `${objective.name} is ${readingSentence(judgement.last)}, wanted ${boundSentence(objective.bound)}`;
}

const missingSentence = ({ objective, judgement }: MeasuredObjective): string | undefined =>
  judgement.kind === 'noData' ? `${objective.name}: ${readingSentence(judgement.last)}` : undefined;
