import { readFileSync } from 'node:fs';

interface Recorded {
  readonly fault: string;
  /** Readings of the health check and of the share of failed requests, a second each; null where there was none. */
  readonly up: readonly (0 | 1 | null)[];
  readonly failures: readonly (number | null)[];
}

/** Outages of the lab's shop as hale's own readings recorded them, while hale was stopped. */
const recorded = JSON.parse(readFileSync('test/fixtures/outages/lab-shop.json', 'utf8')) as readonly Recorded[];

/** Three recorded seconds are a minute of the history. */
const pace = 3;

/** One of them by number: every other one as instances that are down, the others as requests that fail. */
export function recordedOf(number: number): { readonly as: 'down' | 'errors'; readonly byMinute: readonly (number | null)[] } {
  const one = recorded[Math.floor(number / 2) % recorded.length];
  const as = number % 2 === 0 ? 'down' : 'errors';
  const seconds = (as === 'down' ? one?.up : one?.failures) ?? [];
  return { as, byMinute: seconds.filter((_, second) => second % pace === 0) };
}
