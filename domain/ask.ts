import { formatDuration } from './duration.js';
import type { Blast } from './gate/blast.js';
import type { Record } from './lesson.js';

/** How long earlier attempts took that held: from the act to the end of the hold window. */
export interface Took {
  readonly medianMs: number;
  /** Of how many. */
  readonly of: number;
}

/** How often it held, of how many times it was tried on this pattern; where that was tells what it is worth here. */
export function recordSentence(record: Record | undefined): string {
  if (record === undefined) return 'never tried here on this pattern';
  const { held, tried, elsewhere } = record;
  const where = elsewhere ? ' on this pattern at other services of its class, never here' : ' here on this pattern';
  return tried === 0
    ? `tried${where}, but nothing could be measured`
    : `held ${held} of ${tried} ${tried === 1 ? 'time' : 'times'}${where}`;
}

export function tookSentence(took: Took | undefined): string {
  if (took === undefined) return 'not known: it never held here';
  const rounded = Math.max(1000, Math.round(took.medianMs / 1000) * 1000);
  return `${formatDuration(rounded)} until it had held, ${took.of === 1 ? 'the one time it did' : `the median of ${took.of} times`}`;
}

/** What is acted upon, and of how many, where the policy counted them. */
export function reachSentence(service: string, instance: string | undefined, blast: Blast | undefined): string {
  if (blast === undefined) return instance === undefined ? service : `${instance}, one instance of ${service}`;
  const { instances, acting, healthyLeft } = blast;
  const reach =
    instance === undefined
      ? `${service}, with all of its ${instances} instances`
      : `${instance}, one of ${instances} instances of ${service}`;
  const others = acting === 0 ? '' : `; changes are in force on ${acting} others`;
  return `${reach}${others}${healthyLeft === undefined ? '' : `; ${healthyLeft} healthy ones are left meanwhile`}`;
}
