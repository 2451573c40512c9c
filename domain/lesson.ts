/** What one attempt taught. Recorded once per action id, whatever the order or number of deliveries. */
export interface Lesson {
  readonly actionId: string;
  readonly correction: string;
  readonly pattern: string;
  readonly service: string;
  readonly class?: string;
  readonly verdict: 'held' | 'unchanged' | 'worse' | 'noData';
  readonly undone: boolean;
}

/** How often a correction held, of all its attempts with a verdict on this pattern. Attempts without data count in neither. */
export interface Record {
  readonly correction: string;
  readonly held: number;
  readonly tried: number;
  /** All of it was at other services of the class. */
  readonly elsewhere?: true;
}

/** Adds lessons up, per correction, for this service. */
export function tally(lessons: readonly Lesson[], service: string): Record[] {
  const records = new Map<string, { held: number; tried: number; here: boolean }>();
  for (const lesson of lessons) {
    const record = records.get(lesson.correction) ?? { held: 0, tried: 0, here: false };
    if (lesson.verdict !== 'noData') record.tried += 1;
    if (lesson.verdict === 'held') record.held += 1;
    record.here ||= lesson.service === service;
    records.set(lesson.correction, record);
  }
  return [...records].map(([correction, { here, ...record }]) => ({ correction, ...record, ...(here ? {} : { elsewhere: true }) }));
}
