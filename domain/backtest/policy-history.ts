import { memberKey, type Member } from '../detection/finding.js';
import { scopesOf } from '../gate/budget.js';
import type { GateFacts } from '../gate/facts.js';
import { ownerOf } from '../gate/owner.js';
import { closedBy } from '../gate/time-interval.js';
import type { Correction, Fleet, Service } from '../service.js';
import { stormSource, stormTurn, upstreamOf, type Storm, type Trouble } from '../storm.js';

/** What the policy of a fleet is about, that a history can show. */
export type PolicyOf = Pick<Fleet, 'environment' | 'services' | 'policy'>;

/** One act that hale would have done. */
interface Act {
  readonly service: string;
  readonly correction: string;
  readonly at: number;
}

/** How the instances of a service stand, of those with objectives of their own. */
export interface Health {
  readonly healthy: readonly string[];
  readonly all: number;
}

/** The policy's memory over a history: what would have been done counts against its budgets, and storms come and go. */
export class PolicyHistory {
  readonly #fleet: PolicyOf;
  readonly #dependsOn: ReadonlyMap<string, readonly string[]>;
  readonly #acts: Act[] = [];
  readonly #lastAppliedAt = new Map<string, number>();
  #storm: Storm | undefined;

  constructor(fleet: PolicyOf) {
    this.#fleet = fleet;
    this.#dependsOn = new Map(fleet.services.map((service) => [service.name, service.dependsOn]));
  }

  /** Judges the troubles that stand now. */
  weather(troubles: readonly Trouble[], now: number): void {
    const policy = this.#fleet.policy?.storm;
    if (policy === undefined || (troubles.length === 0 && this.#storm === undefined)) return;
    const { services } = this.#fleet;
    const turn = stormTurn({ policy, services, troubles, lasts: this.#storm !== undefined });
    if (turn === 'calm' || turn === 'ends') this.#storm = undefined;
    else {
      const source = stormSource({ services, troubles });
      const { incident, since } = this.#storm ?? { incident: 'one incident', since: now };
      this.#storm = { incident, since, services: troubles.length, of: services.length, ...(source === undefined ? {} : { source }) };
    }
  }

  /** The storm that keeps hale from this service. */
  stormOver = (service: string): Storm | undefined => (this.#storm?.source === service ? undefined : this.#storm);

  acted({ service, ...instance }: Member, correction: string, now: number): void {
    this.#acts.push({ service, correction, at: now });
    this.#lastAppliedAt.set(keyOf({ service, ...instance }, correction), now);
  }

  /** Everything that the gate looks at, as far as history knows it; the rest is named. */
  facts(
    service: Service,
    member: Member,
    correction: Correction,
    attempts: number,
    open: ReadonlySet<string>,
    health: Health,
    now: number,
  ): GateFacts {
    const { policy = {} } = this.#fleet;
    const upstream = [...upstreamOf(service.name, this.#dependsOn)].filter((name) => open.has(name));
    const owner = ownerOf(service, correction);
    const storm = this.stormOver(service.name);
    const lastAppliedAt = this.#lastAppliedAt.get(keyOf(member, correction.name));
    const { timeIntervals = [], yieldTo = [], maintenance = [] } = policy;
    const windows = { maintenance: yieldTo.includes('maintenance') ? maintenance : [], changesOnlyIn: service.changesOnlyIn ?? [] };
    const unseen = yieldTo.filter((one) => one !== 'maintenance');
    return {
      now,
      stopped: false,
      attempts,
      attemptsMax: service.limits.attemptsMax,
      ...closedBy(windows, timeIntervals, now),
      ...(storm === undefined ? {} : { storm }),
      ...(upstream.length === 0 ? {} : { upstream: upstream.map((name) => ({ service: name, incident: 'its incident' })) }),
      ...(owner === undefined ? {} : { owner }),
      ...(lastAppliedAt === undefined ? {} : { lastAppliedAt }),
      ...(correction.level === undefined ? {} : { level: correction.level }),
      ...(correction.action.kind === 'wait' ? {} : this.#costs(service, member, correction, health, now)),
      ...(unseen.length === 0 ? {} : { notKnown: [`not in the history: ${unseen.join(', ')}`] }),
    };
  }

  #costs(
    service: Service,
    { instance }: Member,
    { name }: Correction,
    { healthy, all }: Health,
    now: number,
  ): Pick<GateFacts, 'budgets' | 'blast'> {
    const scopes = scopesOf(this.#fleet.policy?.budgets ?? [], this.#fleet, service, name);
    const budgets = scopes.map(({ services, correction, ...budget }) => ({
      ...budget,
      used: this.#acts.filter(
        (act) =>
          act.at > now - budget.inMs &&
          (services === undefined || services.includes(act.service)) &&
          (correction === undefined || correction === act.correction),
      ).length,
    }));
    const { atOnce, minHealthy } = service.limits;
    if (atOnce === undefined && minHealthy === undefined) return { budgets };
    const left = instance === undefined ? 0 : healthy.filter((one) => one !== instance).length;
    const blast = {
      service: service.name,
      touches: instance === undefined ? all : 1,
      acting: 0,
      instances: all,
      ...(atOnce === undefined ? {} : { atOnce }),
      ...(minHealthy === undefined ? {} : { minHealthy, healthyLeft: left }),
    };
    return { budgets, blast };
  }
}

const keyOf = (member: Member, correction: string): string => `${memberKey(member)}/${correction}`;
