import type { Member } from '../domain/detection/finding.js';
import type { Question } from '../domain/detection/scope.js';
import { fillSlots } from '../domain/detection/slots.js';
import { fresh, trusted } from '../domain/detection/trust.js';
import type { Reading, SignalReading } from '../domain/reading.js';
import type { Signal } from '../domain/service.js';
import type { Asked, Meters } from './ports.js';

/**
 * Reads these signals of one service or instance at once, each by the meter of its kind, and the signals their
 * conditions name. Never throws: what could not be read is `noData`.
 *
 * @param defined all signals of the service, in which conditions (`onlyIf`) are looked up
 */
export const measureService = (
  meters: Meters,
  service: string,
  instance: string | undefined,
  signals: readonly Signal[],
  defined: readonly Signal[],
  abort: AbortSignal,
): Promise<SignalReading[]> =>
  measureMembers(meters, [{ service, ...(instance === undefined ? {} : { instance }) }], signals, defined, abort);

/** The same of several instances of a service. */
export async function measureMembers(
  meters: Meters,
  members: readonly Member[],
  signals: readonly Signal[],
  defined: readonly Signal[],
  abort: AbortSignal,
): Promise<SignalReading[]> {
  const conditions = new Set(signals.flatMap((signal) => signal.onlyIf?.map((condition) => condition.signal) ?? []));
  const all = [...new Set([...signals, ...defined.filter((signal) => conditions.has(signal.name))])];
  const questions = members.flatMap(({ service, ...instance }) =>
    all.map((signal) => ({ service, ...(signal.perInstance ? instance : {}), signal })),
  );
  const raw = await readQuestions(meters, questions, abort);
  const now = Date.now();
  return members.flatMap((member, position) => {
    const own = raw.slice(position * all.length, (position + 1) * all.length);
    const byName = new Map(all.map((signal, index) => [signal.name, fresh(signal, own[index] ?? unread(now), now)]));
    return signals.map((signal) => ({
      ...member,
      signal: signal.name,
      reading: trusted(signal, byName.get(signal.name) ?? unread(now), now, (name) => byName.get(name)),
    }));
  });
}

/** Raw readings in the order asked; the questions of one kind reach their meter together, so that it may batch. */
export async function readQuestions(meters: Meters, questions: readonly Question[], abort: AbortSignal): Promise<Reading[]> {
  const readings = questions.map(() => unread(Date.now()));
  const askedByKind = new Map<Signal['kind'], { readonly asked: Asked; readonly index: number }[]>();
  questions.forEach((question, index) => {
    const filled = fillSlots(question.signal, question);
    if (filled.kind === 'refused') readings[index] = { kind: 'noData', at: Date.now(), reason: 'malformed', detail: filled.why };
    else
      askedByKind.set(question.signal.kind, [
        ...(askedByKind.get(question.signal.kind) ?? []),
        { asked: { ...question, signal: filled.value }, index },
      ]);
  });
  const reads = [...askedByKind].map(async ([kind, due]) => {
    const meter = meters[kind] as { read(asked: readonly Asked[], abort: AbortSignal): Promise<readonly Reading[]> };
    const answers = await meter.read(
      due.map((one) => one.asked),
      abort,
    );
    due.forEach(({ index }, position) => (readings[index] = answers[position] ?? unread(Date.now())));
  });
  await Promise.all(reads);
  return readings;
}

const unread = (at: number): Reading => ({ kind: 'noData', at, reason: 'neverRead', detail: 'the meter gave no answer' });
