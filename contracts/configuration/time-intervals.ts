import { z } from 'zod';
import type { NamedInterval, Range, TimeInterval } from '../../domain/gate/time-interval.js';
import { text } from './scalars.js';

/** Time intervals as Alertmanager has them, key by key, so that people copy those that they have. */

const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const MONTHS = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december'];

const timeError = 'a time of the day from 00:00 to 24:00, such as 09:30';
const time = z
  .string({ error: timeError })
  .regex(/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/, { error: timeError })
  .transform((given) => Number(given.slice(0, 2)) * 60 + Number(given.slice(3)));

const times = z
  .strictObject({ start_time: time, end_time: time })
  .refine(({ start_time, end_time }) => start_time < end_time, { error: 'start_time before end_time: a night is two intervals' })
  .transform(({ start_time, end_time }): Range => ({ from: start_time, to: end_time }));

/** `5`, `1:5` or `monday:friday`. */
function range(error: string, valueOf: (word: string) => number | undefined, fits: (range: Range) => boolean) {
  const read = (given: string | number): Range | undefined => {
    const words = String(given).toLowerCase().split(':');
    const [from, to = from] = words.map((word) => valueOf(word.trim()));
    return words.length > 2 || from === undefined || to === undefined ? undefined : { from, to };
  };
  return z
    .union([z.string(), z.int()], { error })
    .refine(
      (given) => {
        const found = read(given);
        return found !== undefined && fits(found);
      },
      { error },
    )
    .transform((given): Range => read(given) ?? { from: 0, to: 0 });
}

const whole =
  (min: number, max: number) =>
  (word: string): number | undefined =>
    /^-?\d+$/.test(word) && Number(word) >= min && Number(word) <= max ? Number(word) : undefined;

const inOrder = ({ from, to }: Range): boolean => from <= to;

const indexIn = (words: readonly string[], word: string): number | undefined => (words.includes(word) ? words.indexOf(word) : undefined);

const weekday = range(
  'a day or a range of days in the order of a week that begins on sunday, such as monday:friday',
  (word) => indexIn(DAYS, word),
  inOrder,
);

const month = range(
  'a month or a range in the order of a year, such as january:march or 5',
  (word) => (indexIn(MONTHS, word) === undefined ? whole(1, 12)(word) : (indexIn(MONTHS, word) ?? 0) + 1),
  inOrder,
);

/** Of a month with 28 days, the shortest there is, as Alertmanager judges it. */
const dayOfShortest = (day: number): number => (day < 0 ? 28 + day : day);

const dayOfMonth = range(
  'a day of the month or a range, from 1 to 31, or from -31 to -1 counted from its end, such as 1:5 or -3:-1',
  (word) => (whole(-31, 31)(word) === 0 ? undefined : whole(-31, 31)(word)),
  ({ from, to }) => !(from < 0 && to > 0) && dayOfShortest(from) <= dayOfShortest(to),
);

const year = range('a year or a range, such as 2026:2027', whole(1, 9999), inOrder);

const locationError = 'the name of a time zone, such as Europe/Berlin';
const location = z
  .string({ error: locationError })
  .transform((name) => (name === 'Local' ? new Intl.DateTimeFormat().resolvedOptions().timeZone : name))
  .refine(isTimeZone, { error: locationError });

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const interval = z
  .strictObject({
    times: z.array(times).optional(),
    weekdays: z.array(weekday).optional(),
    days_of_month: z.array(dayOfMonth).optional(),
    months: z.array(month).optional(),
    years: z.array(year).optional(),
    location: location.optional(),
  })
  .transform(({ days_of_month, ...rest }): TimeInterval => ({
    ...(rest as TimeInterval),
    ...(days_of_month && { daysOfMonth: days_of_month }),
  }));

export const timeIntervals = z.array(z.strictObject({ name: text, time_intervals: z.array(interval) })).describe('As in Alertmanager');

export const namedIntervals = (file: z.output<typeof timeIntervals> = []): NamedInterval[] =>
  file.map(({ name, time_intervals }) => ({ name, intervals: time_intervals }));
