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
}

/** Adds lessons up, per correction. */
export function tally(lessons: readonly Lesson[]): Record[] {
  const records = new Map<string, { held: number; tried: number }>();
  for (const { correction, verdict } of lessons) {
    if (verdict === 'noData') continue;
    const record = records.get(correction) ?? { held: 0, tried: 0 };
    record.tried += 1;
    if (verdict === 'held') record.held += 1;
    records.set(correction, record);
  }
  return [...records].map(([correction, record]) => ({ correction, ...record }));
}
