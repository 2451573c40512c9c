import type { Place } from '../contracts/activities.js';
import type { DependencyState } from '../domain/diagnosis.js';
import { sideOf } from '../domain/detection/bound.js';
import { isOutOfScope } from '../domain/detection/finding.js';
import { judge } from '../domain/detection/judgement.js';
import type { Reading, SignalReading } from '../domain/reading.js';
import type { Objective, Service } from '../domain/service.js';
import { serviceOf } from './case.js';
import { measureMembers } from './measure.js';
import { isMet, judgedSignals, judgeNow, lookBackMs, recentLook, signalOf, type Judged } from './observe-service.js';
import type { Ports } from './ports.js';
import { seriesKey } from '../domain/detection/scope.js';

type Needs = Pick<Ports, 'configurations' | 'meters' | 'samples'>;

/**
 * A dependency that is only in doubt counts as broken: waiting for it a moment is cheaper than correcting the wrong service.
 * So does one of whose instances any is broken or in doubt: nobody here knows which of them the service talks to.
 */
export async function dependencyState(ports: Needs, place: Place, abort: AbortSignal): Promise<DependencyState> {
  const service = await serviceOf(ports, { service: place.service, configVersion: place.configVersion });
  const judged = await judgeAll(ports, service, abort);
  const isBroken = ({ judgement }: Judged): boolean =>
    judgement.kind === 'broken' || (judgement.kind === 'met' && judgement.doubtfulSince !== undefined);
  const blind = service.objectives.length > 0 && judged.every(({ judgement }) => judgement.kind === 'noData');
  return { service: place.service, state: judged.some(isBroken) ? 'broken' : blind ? 'noData' : 'met' };
}

/** Measured now and met beyond doubt, everywhere. Of whom nothing is measured, or not everything could be, is not known to be healthy. */
export async function measuresHealthy(ports: Needs, place: Place, abort: AbortSignal): Promise<boolean> {
  const judged = await judgeAll(ports, await serviceOf(ports, place), abort);
  const inScope = judged.filter(({ judgement }) => !isOutOfScope(judgement));
  return inScope.length > 0 && inScope.every(isMet);
}

const judgeAll = async (ports: Needs, service: Service, abort: AbortSignal): Promise<Judged[]> =>
  (await Promise.all([judgeWhole(ports, judgedPer(service, false), abort), judgeMembers(ports, judgedPer(service, true), abort)])).flat();

/**
 * Which instances meet all their objectives, of how many there are. Unknown health is not healthy, and one that is expected
 * and was not found counts as there.
 *
 * @param unmeasured only how many there are is asked for
 */
export async function healthyInstances(
  ports: Needs,
  place: Place,
  unmeasured: boolean,
  abort: AbortSignal,
): Promise<{ readonly healthy: readonly string[]; readonly all: number }> {
  const service = await serviceOf(ports, place);
  const own = judgedPer(service, true);
  const back = Math.max(MEMBERS_BACK_MS, ...own.objectives.map((objective) => lookBackMs(own, objective)));
  const names = namesOf(service, await ports.samples.ofServices([service.name], Date.now() - back));
  const expected = service.instances?.kind === 'discovered' ? (service.instances.expect ?? 0) : 0;
  const all = Math.max(names.length, expected);
  if (unmeasured || own.objectives.length === 0) return { healthy: [], all };
  const judged = await judgeMembers(ports, own, abort);
  const isHealthy = (name: string): boolean => {
    const its = judged.filter(({ instance }) => instance === name);
    return its.length > 0 && its.every((one) => one.isKnown && isMet(one));
  };
  return { healthy: names.filter(isHealthy), all };
}

/** An instance that was measured within this time is there. */
const MEMBERS_BACK_MS = 300_000;

/** The service with only those of its objectives that each instance has to meet, or only those of the whole. */
const judgedPer = (service: Service, perInstance: boolean): Service => ({
  ...service,
  objectives: service.objectives.filter((objective) => signalOf(service, objective).perInstance === perInstance),
});

const judgeWhole = async (ports: Needs, service: Service, abort: AbortSignal): Promise<Judged[]> =>
  judgeNow(ports, await recentLook(ports, service, undefined), abort);

/** One objective of one instance, and whether its newest reading has a value: a judgement outlives short silence. */
interface JudgedMember extends Judged {
  readonly instance: string;
  readonly isKnown: boolean;
}

/** All instances are measured together, so that a source that answers for many of them is asked once. */
async function judgeMembers(ports: Needs, service: Service, abort: AbortSignal): Promise<JudgedMember[]> {
  const { name, objectives, signals } = service;
  if (objectives.length === 0) return [];
  const back = Math.max(...objectives.map((objective) => lookBackMs(service, objective)));
  const lately = await ports.samples.ofServices([name], Date.now() - back);
  const members = namesOf(service, lately).map((instance) => ({ service: name, instance }));
  const fresh = await measureMembers(ports.meters, members, judgedSignals(service), signals, abort);
  const readings = bySeries([...lately, ...fresh]);
  const now = Date.now();
  return members.flatMap((member) =>
    objectives.map((objective) => {
      const own = readings.get(seriesKey(member, objective.signal)) ?? [];
      return { instance: member.instance, objective, judgement: judge(objective, own, now), isKnown: isKnownNow(objective, own) };
    }),
  );
}

/** The last that was taken decides, whatever `silence` forgives. */
function isKnownNow({ bound }: Objective, readings: readonly Reading[]): boolean {
  const last = readings.at(-1);
  return last !== undefined && sideOf(bound, last) !== 'missing';
}

/** Discovered instances are those that watch measured lately: one that has just died may be missing from a new discovery. */
const namesOf = ({ instances }: Service, lately: readonly SignalReading[]): readonly string[] =>
  instances?.kind === 'listed' ? instances.names : [...new Set(lately.flatMap(({ instance }) => instance ?? []))];

function bySeries(all: readonly SignalReading[]): Map<string, Reading[]> {
  const series = new Map<string, Reading[]>();
  for (const { signal, reading, ...member } of all) {
    const key = seriesKey(member, signal);
    const known = series.get(key);
    if (known === undefined) series.set(key, [reading]);
    else known.push(reading);
  }
  return series;
}
