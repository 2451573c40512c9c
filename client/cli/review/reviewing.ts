import type { EventRecord, IncidentRecord, Records } from '../../../adapters/postgres/read.js';
import type { Marked, Reviews, Symptom } from '../../../adapters/postgres/reviews.js';
import type { Reviewed } from '../../../contracts/adoption.js';
import { age } from '../text.js';

/** What hale would have done or did in one incident, and what people or time did. undefined when it had nothing to say. */
export async function reviewOf(records: Records, reviews: Reviews, incident: IncidentRecord): Promise<Reviewed | undefined> {
  const [events, effects] = await Promise.all([records.events(incident.id), records.effects(incident.id)]);
  const suggestions = events.flatMap(suggestionOf);
  const acted = effects.filter(({ state }) => state !== 'prepared' && state !== 'notApplied');
  if (suggestions.length === 0 && acted.length === 0) return undefined;
  const { service, instance } = incident;
  const symptoms = await symptomsOf(reviews, incident);
  const onset = symptoms[0]?.onset ?? incident.startedAt;
  const startedAt = onset < incident.startedAt ? onset : incident.startedAt;
  const endedAt = endOf(incident, symptoms.at(-1)?.at);
  const lastedMs = endedAt === undefined ? undefined : endedAt.getTime() - startedAt.getTime();
  const changes = await reviews.changes(service, startedAt, endedAt ?? new Date());
  const [mark] = await reviews.marks([incident.id]);
  return {
    incident: incident.id,
    service,
    instance: instance ?? null,
    startedAt: startedAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
    lastedSeconds: lastedMs === undefined ? null : lastedMs / 1000,
    outcome: incident.outcome ?? null,
    sentence: incident.sentence ?? null,
    suggestions: lastOfEach(suggestions),
    acted: acted.map(({ correction, verdict, state }) => ({ correction, verdict: verdict ?? null, undone: state === 'undone' })),
    instead: [
      ...events.flatMap(personSaid),
      ...changes.map(({ at, by, summary }) => `${at.toISOString()} change${by === null ? '' : ` by ${by}`}: ${summary}`),
      ...(acted.length > 0 || lastedMs === undefined ? [] : [`without hale the symptom ended after ${age(lastedMs)}`]),
    ],
    mark: mark === undefined ? null : markData(mark),
  };
}

export const markData = ({ mark, by, at }: Marked): NonNullable<Reviewed['mark']> => ({ mark, by, at: at.toISOString() });

/** Of an incident with relapses these are several: all that began before its last cycle ended. */
async function symptomsOf(reviews: Reviews, { service, instance, startedAt, endedAt }: IncidentRecord): Promise<readonly Symptom[]> {
  const ended = await reviews.symptomEnds(service, instance, startedAt);
  return ended.filter(({ onset }) => endedAt === undefined || onset <= endedAt);
}

/** A cycle that only observes ends at once; the symptom ends when its finding closes. */
function endOf({ endedAt, outcome }: IncidentRecord, closedAt: Date | undefined): Date | undefined {
  if (endedAt === undefined) return undefined;
  return outcome === 'refused' || outcome === 'escalated' ? closedAt : endedAt;
}

function suggestionOf({ at, kind, data }: EventRecord): Reviewed['suggestions'] {
  const { correction, kind: answer, rule, sentence } = data;
  const isAnswer = kind === 'gate.refuse' || kind === 'gate.ask' || kind === 'gate.act';
  if (!isAnswer || [correction, answer, rule, sentence].some((one) => typeof one !== 'string')) return [];
  return [{ at: at.toISOString(), correction: String(correction), answer: String(answer), rule: String(rule), sentence: String(sentence) }];
}

/** While a symptom stands hale looks again and again, and says the same. */
function lastOfEach(suggestions: Reviewed['suggestions']): Reviewed['suggestions'] {
  const last = new Map(suggestions.map((one) => [`${one.correction} ${one.answer} ${one.rule}`, one]));
  return [...last.values()];
}

function personSaid({ at, kind, data }: EventRecord): string[] {
  if (kind !== 'person.said') return [];
  const { verb, by, reason, correction } = data as Readonly<Record<string, string | undefined>>;
  return [
    `${at.toISOString()} ${by}: ${verb}${correction === undefined ? '' : ` ${correction}`}${reason === undefined ? '' : ` (${reason})`}`,
  ];
}

/** The corrections that a mark is about. */
export const correctionsOf = ({ suggestions, acted }: Reviewed): string[] => [
  ...new Set([...acted.map(({ correction }) => correction), ...suggestions.map(({ correction }) => correction)]),
];
