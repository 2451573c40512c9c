import { boundSentence } from '../../domain/detection/bound.js';
import { readingSentence } from '../../domain/detection/trust.js';
import { measuredState, measuredStates, serviceState, worstOf, type ServiceFacts, type ServiceState } from '../../domain/service-state.js';
import { frozenSentence } from '../../domain/gate.js';
import type { FrozenRecord, MeasuredObjective, SwitchStates } from '../../adapters/postgres/read.js';
import type { HeldIncident, OpenIncident, Status } from '../../contracts/cli.js';

type ServiceStatus = Status['services'][number];
type Member = Omit<ServiceStatus['instances'][number], 'name'>;
type Measured = Member['measured'];

/** All that bears on how services stand. */
export interface Known {
  readonly switches: SwitchStates;
  readonly incidents: readonly OpenIncident[];
  readonly heldIncidents: readonly HeldIncident[];
  readonly measured: readonly MeasuredObjective[];
  readonly frozen: readonly FrozenRecord[];
}

/** How one service stands, and beside it what was measured: a person's word hides no outage. */
export function serviceStatus(name: string, known: Known): ServiceStatus {
  const own = known.measured.filter(({ service }) => service === name);
  const broken = known.incidents.filter(({ service }) => service === name);
  const holds = known.switches.holds.filter(({ service }) => service === name);
  const keys = new Set([...own, ...broken, ...holds].map(({ instance }) => instance ?? undefined));
  if (keys.size === 0) keys.add(undefined);
  const members = [...keys].map((instance) => ({
    instance,
    ...memberStatus(name, instance, { ...known, incidents: broken, measured: own }),
  }));
  const state = worstOf(members.map((member) => member.state));
  const instances = members.flatMap(({ instance, ...member }) => (instance === undefined ? [] : [{ name: instance, ...member }]));
  const worst = members.filter((member) => member.state === state);
  const { why = null, frozen = null } = worst.find((member) => member.frozen !== null) ?? worst[0] ?? {};
  return { name, state, why, measured: measuredOf(members), frozen, instances };
}

/** The worst of the members, named where it is an instance. */
function measuredOf(members: readonly (Member & { readonly instance: string | undefined })[]): Measured {
  const worst = measuredStates
    .map((state) => members.find(({ measured }) => measured.state === state))
    .find((member) => member !== undefined);
  if (worst === undefined) return { state: 'noData', sentence: 'nothing was measured yet' };
  const { instance, measured } = worst;
  return instance === undefined || measured.state === 'ok' ? measured : { ...measured, sentence: `${instance}: ${measured.sentence}` };
}

function memberStatus(name: string, instance: string | undefined, known: Known): Member {
  const { switches, incidents, heldIncidents, measured } = known;
  const pause = switches.pauses.find(({ service }) => service === name || service === '*');
  const hold = switches.holds.find((one) => one.service === name && one.instance === instance);
  const incident = incidents.find((one) => (one.instance ?? undefined) === instance);
  const objectives = measured.filter((one) => one.instance === instance);
  const facts: ServiceFacts = {
    stopped: switches.stop !== undefined,
    paused: pause !== undefined,
    held: hold !== undefined,
    judgements: objectives.map(({ judgement }) => judgement),
    ...(incident === undefined || incident.state === 'ended' || incident.state === 'storm' ? {} : { cycle: incident.state }),
  };
  const state = serviceState(facts);
  const found = measuredBy(objectives);
  const frozen = known.frozen.find((one) => one.service === name && one.instance === instance);
  const thaws = frozen && thawSentence(frozen);
  const reasons: Record<ServiceState, string | undefined> = {
    stopped: `stopped by ${switches.stop?.by}`,
    paused: `paused by ${pause?.by}${pause?.until === undefined ? '' : ` until ${pause.until.toISOString()}`}`,
    held: hold && holdSentence(hold, heldIncidents),
    healing: incident?.id,
    waiting: incident?.id,
    degraded: thaws ?? found.sentence,
    noData: thaws ?? found.sentence,
    ok: thaws,
  };
  return { state, why: reasons[state] ?? null, measured: found, frozen: frozenOf(frozen) };
}

/** No command thaws it: it would only be turned again. */
const thawSentence = (frozen: FrozenRecord): string =>
  `frozen: ${frozenSentence(frozen)}; repair it by hand, or find out what turns it: hale incidents ${frozen.incident}`;

const frozenOf = (frozen: FrozenRecord | undefined): Member['frozen'] =>
  frozen === undefined ? null : { resource: frozen.resource, until: new Date(frozen.until).toISOString(), incident: frozen.incident };

function holdSentence(hold: SwitchStates['holds'][number], heldIncidents: readonly HeldIncident[]): string {
  const sentence = heldIncidents.find(({ id }) => id === hold.incident)?.sentence;
  return `held since ${hold.incident} ended ${hold.outcome}${sentence ? ` (${sentence})` : ''}: hale resume ${hold.service}`;
}

function measuredBy(objectives: readonly MeasuredObjective[]): Measured {
  const state = measuredState(objectives.map(({ judgement }) => judgement));
  const sentences: Record<Measured['state'], string | undefined> = {
    degraded: objectives.map(brokenSentence).find(Boolean),
    noData: objectives.map(missingSentence).find(Boolean),
    ok: 'well',
  };
  return { state, sentence: sentences[state] ?? 'nothing was measured yet' };
}

function brokenSentence({ objective, judgement }: MeasuredObjective): string | undefined {
  const fine = judgement.kind === 'noData' || (judgement.kind === 'met' && judgement.doubtfulSince === undefined);
  return fine ? undefined : `${objective.name} is ${readingSentence(judgement.last)}, wanted ${boundSentence(objective.bound)}`;
}

const missingSentence = ({ objective, judgement }: MeasuredObjective): string | undefined =>
  judgement.kind === 'noData' ? `${objective.name}: ${readingSentence(judgement.last)}` : undefined;
