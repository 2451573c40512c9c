import { modeNow } from '../contracts/configuration/mode.js';
import { scopesOf, type BudgetScope, type BudgetUse } from '../domain/gate/budget.js';
import type { Blast } from '../domain/gate/blast.js';
import { scarcest, type ErrorBudget } from '../domain/gate/error-budget.js';
import type { GateFacts } from '../domain/gate/facts.js';
import { freezeDefault, freezeOf } from '../domain/gate/flapping.js';
import { ownerOf } from '../domain/gate/owner.js';
import { closedBy } from '../domain/gate/time-interval.js';
import type { Correction, Fleet, Policy, Service } from '../domain/service.js';
import { upstreamOf } from '../domain/storm.js';
import { healthyInstances } from './dependency-state.js';
import type { Ports, Silence, Target } from './ports.js';

export type FactPorts = Pick<
  Ports,
  | 'controls'
  | 'storms'
  | 'incidents'
  | 'effects'
  | 'leases'
  | 'samples'
  | 'meters'
  | 'configurations'
  | 'cycles'
  | 'silences'
  | 'ground'
  | 'changes'
>;

/** One correction that may be done now, and everything that it is about. */
export interface Considered {
  readonly fleet: Fleet;
  readonly service: Service;
  readonly instance: string | undefined;
  readonly correction: Correction;
  readonly target: Target;
  /** Key of the lease, and the name that the provider itself has for the target. */
  readonly resource: string;
  readonly identity: string;
  readonly proposal: string;
  /** Absent where a cycle would open a new one. */
  readonly incident: string | undefined;
}

/**
 * The one place where the policy's facts are gathered: for the cycle right before it decides, and for whoever asks what it
 * would decide.
 */
export async function gateFacts(ports: FactPorts, considered: Considered, abort: AbortSignal): Promise<GateFacts> {
  const now = Date.now();
  const [said, trust, fleet, target, yields, attempts, cost] = await Promise.all([
    saidByPeople(ports, considered),
    trusted(ports, considered, now),
    ofTheFleet(ports, considered),
    ofTheTarget(ports, considered, now),
    yielding(ports, considered, now),
    ofTheAttempts(ports, considered),
    considered.correction.action.kind === 'wait' ? {} : costs(ports, considered, now, abort),
  ]);
  return { now, ...said, ...trust, ...fleet, ...target, ...yields, ...attempts, ...cost };
}

/** A cycle keeps its configuration, but not a trust that people have withdrawn meanwhile. */
async function trusted({ configurations }: FactPorts, { fleet, service, instance, correction }: Considered, now: number): Promise<Part> {
  const current = await configurations.current();
  if (current === undefined || current.version === fleet.version) return present({ level: correction.level });
  const serviceNow = current.services.find(({ name }) => name === service.name);
  const correctionNow = serviceNow?.corrections.find(({ name }) => name === correction.name);
  if (serviceNow === undefined || correctionNow === undefined) return { withdrawn: true, ...present({ level: correction.level }) };
  const levels = [correction.level, correctionNow.level].filter((level) => level !== undefined);
  return present({
    level: levels.toSorted((one, other) => one - other)[0],
    modeNow: modeNow(serviceNow, correctionNow, instance, now),
  });
}

type Part = Partial<GateFacts>;

/** Only what there is: an absent fact speaks against nothing. */
function present(facts: { [K in keyof GateFacts]?: GateFacts[K] | undefined }): Part {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as Part;
}

async function saidByPeople(
  { controls, incidents }: FactPorts,
  { service, instance, incident, proposal }: Considered,
): Promise<Part & Pick<GateFacts, 'stopped'>> {
  const [stopped, paused, held, rejected] = await Promise.all([
    controls.stopped(),
    controls.paused(service.name),
    controls.held(service.name, instance),
    incident === undefined ? undefined : incidents.rejection(incident, proposal),
  ]);
  return { stopped, ...present({ paused, held, rejected }) };
}

async function ofTheFleet(ports: FactPorts, { fleet, service }: Considered): Promise<Part> {
  const [storm, upstream] = await Promise.all([ports.storms.current(), upstreamUnderWay(ports, fleet, service)]);
  return present({ storm: storm?.source === service.name ? undefined : storm, upstream: upstream.length === 0 ? undefined : upstream });
}

/** An incident whose cycle was terminated closes nothing, and must not keep all that depends on it ill for ever. */
async function upstreamUnderWay(
  { incidents, cycles }: FactPorts,
  fleet: Fleet,
  service: Service,
): Promise<NonNullable<GateFacts['upstream']>> {
  const names = [...upstreamOf(service.name, new Map(fleet.services.map((one) => [one.name, one.dependsOn])))];
  if (names.length === 0) return [];
  const open = await incidents.openOf(names);
  const running = await Promise.all(open.map(async (one) => (await cycles.last(one.service, one.instance)).kind === 'running'));
  return open.filter((_, index) => running[index]).map(({ service: name, incident }) => ({ service: name, incident }));
}

async function ofTheTarget({ ground, effects, leases }: FactPorts, considered: Considered, now: number): Promise<Part> {
  const { fleet, service, instance, correction, target, resource, identity } = considered;
  const policy = fleet.policy?.freeze ?? freezeDefault;
  const [ownGround, turns, by] = await Promise.all([
    ground.ownOf(target, identity),
    effects.turns(resource, policy.withinMs),
    leases.heldByOther(resource, service.name, instance),
  ]);
  const freeze = freezeOf(turns, now, policy);
  return present({
    ownGround,
    owner: ownerOf(service, correction),
    frozen: freeze && { resource, ...freeze },
    busy: by === undefined ? undefined : { resource, by },
  });
}

async function yielding(ports: FactPorts, { fleet: { policy = {} }, service, instance }: Considered, now: number): Promise<Part> {
  const { timeIntervals = [], yieldTo = [] } = policy;
  const maintenance = yieldTo.includes('maintenance') ? (policy.maintenance ?? []) : [];
  const windows = { maintenance, changesOnlyIn: service.changesOnlyIn ?? [] };
  const [silences, person, change] = await Promise.all([
    yieldTo.includes('alertmanagerSilence') ? silencesOf(ports, policy, service) : [],
    yieldTo.includes('person') ? ports.controls.atWork(service.name, instance) : undefined,
    yieldTo.includes('rolloutInProgress') ? ports.changes.inProgress(service.name) : undefined,
  ]);
  const silenced = silences.flatMap((one) => (one.kind === 'silenced' ? [one] : []))[0];
  const notKnown = silences.flatMap((one) => (one.kind === 'unknown' ? [one.why] : []));
  return present({
    ...closedBy(windows, timeIntervals, now),
    silence: silenced && { by: silenced.by, until: silenced.until, comment: silenced.comment },
    person,
    rollout: change && { what: change.summary, since: change.at },
    notKnown: notKnown.length === 0 ? undefined : notKnown,
  });
}

const silencesOf = ({ silences }: FactPorts, { alertmanagers = [] }: Policy, { name }: Service): Promise<Silence[]> =>
  Promise.all(alertmanagers.map((source) => silences.about(source, name)));

async function ofTheAttempts(
  { effects }: FactPorts,
  { service, instance, correction, incident }: Considered,
): Promise<Part & Pick<GateFacts, 'attempts' | 'attemptsMax'>> {
  const [lastAppliedAt, attempts] = await Promise.all([
    effects.lastAppliedAt(service.name, instance, correction.name),
    incident === undefined ? 0 : effects.attempts(incident),
  ]);
  return { attempts, attemptsMax: service.limits.attemptsMax, ...present({ lastAppliedAt }) };
}

/** What an action takes up; a wait takes up nothing. */
async function costs(ports: FactPorts, considered: Considered, now: number, abort: AbortSignal): Promise<Part> {
  const { fleet, service, correction } = considered;
  const scopes = scopesOf(fleet.policy?.budgets ?? [], fleet, service, correction.name);
  const [budgets, blast, errorBudget] = await Promise.all([
    // Without the names of the services: a history keeps what the policy saw, and a fleet is large.
    Promise.all(scopes.map(async (scope): Promise<BudgetUse> => usedOf(scope, await ports.effects.used(scope)))),
    blastOf(ports, considered, abort),
    correction.undo === 'loses' ? errorBudgetOf(ports, considered, now) : undefined,
  ]);
  return present({ budgets, blast, errorBudget });
}

const usedOf = ({ max, inMs, per, of }: BudgetScope, used: number): BudgetUse => ({ max, inMs, per, of, used });

/** The correction of a service as a whole acts on all of its instances. */
async function blastOf(ports: FactPorts, { fleet, service, instance }: Considered, abort: AbortSignal): Promise<Blast | undefined> {
  const { atOnce, minHealthy } = service.limits;
  if (atOnce === undefined && minHealthy === undefined) return undefined;
  const [acting, { healthy, all }] = await Promise.all([
    ports.effects.acting(service.name),
    healthyInstances(ports, { service: service.name, configVersion: fleet.version }, minHealthy === undefined, abort),
  ]);
  const others = acting.filter((one) => one !== (instance ?? '-'));
  const left = instance === undefined || others.includes('-') ? [] : healthy.filter((one) => one !== instance && !others.includes(one));
  return {
    service: service.name,
    touches: instance === undefined ? all : 1,
    acting: others.includes('-') ? all : others.length,
    instances: all,
    ...(atOnce === undefined ? {} : { atOnce }),
    ...(minHealthy === undefined ? {} : { minHealthy, healthyLeft: left.length }),
  };
}

async function errorBudgetOf(
  { samples }: FactPorts,
  { fleet, service, instance }: Considered,
  now: number,
): Promise<ErrorBudget | undefined> {
  const askBelow = fleet.policy?.errorBudget?.askBelow;
  if (askBelow === undefined) return undefined;
  const budgets = service.objectives.map(async ({ name, signal, bound, target }): Promise<ErrorBudget[]> => {
    if (target === undefined) return [];
    const perInstance = service.signals.find((one) => one.name === signal)?.perInstance ?? false;
    const counted = await samples.tally(service.name, perInstance ? instance : undefined, signal, now - target.windowMs, bound);
    return [{ objective: name, ...counted, target: target.ratio, windowMs: target.windowMs, askBelow }];
  });
  return scarcest((await Promise.all(budgets)).flat());
}
