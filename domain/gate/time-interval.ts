/** When something holds, as in Alertmanager: every part that is given has to fit, and of each part one range. */
export interface TimeInterval {
  /** Minutes of the day, from the first up to and without the second. */
  readonly times?: readonly Range[];
  /** 0 is Sunday. */
  readonly weekdays?: readonly Range[];
  /** Negative days count from the end of the month: -1 is its last. */
  readonly daysOfMonth?: readonly Range[];
  /** 1 is January. */
  readonly months?: readonly Range[];
  readonly years?: readonly Range[];
  /** IANA name of a time zone; UTC where it is absent. */
  readonly location?: string;
}

/** Both ends belong to it. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Open while any of its intervals is. */
export interface NamedInterval {
  readonly name: string;
  readonly intervals: readonly TimeInterval[];
}

/** Of an empty list nothing fits, as in Alertmanager. */
export const isNeverOpen = (intervals: readonly TimeInterval[]): boolean =>
  intervals.every(({ times, weekdays, daysOfMonth, months, years }) =>
    [times, weekdays, daysOfMonth, months, years].some((ranges) => ranges?.length === 0),
  );

/** Of the named intervals those that are open, in the order of `names`. A name that nobody defined is never open. */
const openOf = (names: readonly string[], defined: readonly NamedInterval[], at: number): string[] =>
  names.filter((name) => defined.some((one) => one.name === name && one.intervals.some((interval) => isOpen(interval, at))));

/**
 * What speaks against a change now: maintenance that is open, and windows for changes that are not. Each name stands for
 * itself, so that one more never allows more.
 */
export function closedBy(
  { maintenance, changesOnlyIn }: { readonly maintenance: readonly string[]; readonly changesOnlyIn: readonly string[] },
  defined: readonly NamedInterval[],
  at: number,
): { readonly maintenance: readonly string[]; readonly outsideWindows: readonly string[] } {
  const open = openOf(changesOnlyIn, defined, at);
  return { maintenance: openOf(maintenance, defined, at), outsideWindows: changesOnlyIn.filter((name) => !open.includes(name)) };
}

export function isOpen({ times, weekdays, daysOfMonth, months, years, location }: TimeInterval, at: number): boolean {
  const clock = wallClock(at, location ?? 'UTC');
  const fits = (ranges: readonly Range[] | undefined, value: number): boolean =>
    ranges === undefined || ranges.some(({ from, to }) => from <= value && value <= to);
  return (
    (times === undefined || times.some(({ from, to }) => from <= clock.minute && clock.minute < to)) &&
    fits(weekdays, clock.weekday) &&
    fits(daysOfMonth && inMonth(daysOfMonth, daysIn(clock)), clock.day) &&
    fits(months, clock.month) &&
    fits(years, clock.year)
  );
}

/** A range that begins after the month's last day is not in this month; one that ends after it ends with it. */
const inMonth = (ranges: readonly Range[], days: number): Range[] =>
  ranges
    .map(({ from, to }) => ({ from: fromStart(from, days), to: Math.min(fromStart(to, days), days) }))
    .filter(({ from }) => from <= days);

const fromStart = (day: number, days: number): number => (day < 0 ? days + day + 1 : day);

interface WallClock {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  /** Minute of the day. */
  readonly minute: number;
}

const daysIn = ({ year, month }: WallClock): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** What a clock on the wall shows there. An hour that a time change skips is never shown, one that it repeats is twice. */
function wallClock(at: number, timeZone: string): WallClock {
  const parts = new Map(
    clockOf(timeZone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const number = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
  return {
    year: number('year'),
    month: number('month'),
    day: number('day'),
    weekday: WEEKDAYS.indexOf(parts.get('weekday') ?? ''),
    minute: number('hour') * 60 + number('minute'),
  };
}

/** Making one takes far longer than asking it. */
const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(timeZone: string): Intl.DateTimeFormat {
  const known = clocks.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    weekday: 'short',
    hour: 'numeric',
    minute: 'numeric',
  });
  clocks.set(timeZone, made);
  return made;
}
