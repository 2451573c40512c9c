import { Failure } from './exit-codes.js';

const units: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };
/** A hundred years: a longer one reaches past what a date or the database's clock can tell. */
const MS_MAX = 36_500 * 86_400_000;
const shape = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** Milliseconds of a duration as Prometheus writes it: `30m`, `1h30m`, `90s`. Throws `Failure` (usage) naming the option. */
export function durationMs(option: string, text: string): number {
  const match = shape.exec(text);
  const ms = Object.values(units).reduce((sum, unit, index) => sum + Number(match?.[index + 1] ?? 0) * unit, 0);
  if (match !== null && ms > 0 && ms <= MS_MAX) return ms;
  throw new Failure(
    'usage',
    `${option} is ${JSON.stringify(text)}: a duration above 0 and at most 36500d is allowed, for example 30m or 1h30m`,
  );
}
