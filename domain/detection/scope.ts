import { memberKey, type Member } from './finding.js';
import { shardOf } from './shard.js';
import type { Fleet, Objective, Service, Signal } from '../service.js';

/** One signal to read, its slots not filled in yet. */
export interface Question {
  readonly service: string;
  readonly instance?: string;
  readonly signal: Signal;
}

/** One objective of one service or instance. */
export interface Watched {
  readonly key: string;
  readonly member: Member;
  readonly service: Service;
  readonly objective: Objective;
}

/** What one shard watches under one configuration and membership. */
export interface Scope {
  readonly version: string;
  readonly services: readonly Service[];
  readonly questions: readonly Question[];
  readonly watched: readonly Watched[];
}

/** @param namesOf the instances of a service as known now; none while they are unknown */
export function scopeOf(
  fleet: Pick<Fleet, 'version' | 'services'>,
  shard: number,
  shards: number,
  namesOf: (service: Service) => readonly string[],
): Scope {
  const services = fleet.services.filter((service) => shardOf(service.name, shards) === shard);
  return {
    version: fleet.version,
    services,
    questions: services.flatMap((service) => service.signals.flatMap((signal) => questionsOf(service, signal, namesOf(service)))),
    watched: services.flatMap((service) => service.objectives.flatMap((objective) => watchedOf(service, objective, namesOf(service)))),
  };
}

export const emptyScope: Scope = { version: '', services: [], questions: [], watched: [] };

const questionsOf = (service: Service, signal: Signal, names: readonly string[]): Question[] =>
  membersOf(service, signal, names).map((member) => ({ ...member, signal }));

function watchedOf(service: Service, objective: Objective, names: readonly string[]): Watched[] {
  const signal = service.signals.find((one) => one.name === objective.signal);
  if (signal === undefined) return [];
  return membersOf(service, signal, names).map((member) => ({
    key: `${memberKey(member)}/${objective.name}`,
    member,
    service,
    objective,
  }));
}

const membersOf = (service: Service, signal: Signal, names: readonly string[]): Member[] =>
  signal.perInstance ? names.map((instance) => ({ service: service.name, instance })) : [{ service: service.name }];

export const seriesKey = (member: Member, signal: string): string => `${memberKey(member)}/${signal}`;
