import { unreachable } from '../failure.js';
import type { Reading } from '../reading.js';
import type { Signal } from '../service.js';
import { boundSentence, sideOf } from './bound.js';

/** How far a source's clock may run ahead of ours. */
const aheadMsMax = 5 * 60_000;
/** Below this a "millisecond" is a second written by mistake (it would lie in 1970), above it is a microsecond. */
const oldest = 1e11;
const newest = 1e14;

/** A sample that is too old or has an impossible time is `noData`. */
export function fresh(signal: Signal, reading: Reading, now: number): Reading {
  if (reading.kind === 'noData') return reading;
  const fault = timeFault(reading.at, now);
  if (fault !== undefined) return { kind: 'noData', at: now, reason: 'malformed', detail: fault };
  if (now - reading.at <= signal.staleAfterMs) return reading;
  const detail = `the sample is ${Math.round((now - reading.at) / 1000)}s old, ${signal.staleAfterMs / 1000}s is allowed`;
  return { kind: 'noData', at: now, reason: 'stale', detail };
}

/**
 * A fresh reading taken while the signal's own conditions (`onlyIf`) hold, else `noData`.
 *
 * @param freshOf the latest fresh reading of another signal of the same service or instance
 */
export function trusted(signal: Signal, reading: Reading, now: number, freshOf: (signal: string) => Reading | undefined): Reading {
  const worth = fresh(signal, reading, now);
  const unmet = signal.onlyIf?.find((condition) => sideOf(condition.bound, freshOf(condition.signal) ?? unknown) !== 'good');
  if (worth.kind === 'noData' || unmet === undefined) return worth;
  const detail = `onlyIf ${unmet.signal} ${boundSentence(unmet.bound)} does not hold`;
  return { kind: 'noData', at: worth.at, reason: 'conditionNotMet', detail };
}

function timeFault(at: number, now: number): string | undefined {
  if (!Number.isFinite(at) || at < oldest) return `time ${at} is not in milliseconds: it looks like seconds`;
  if (at > newest) return `time ${at} is not in milliseconds: it looks like microseconds`;
  return at - now > aheadMsMax ? `the sample lies ${Math.round((at - now) / 1000)}s in the future` : undefined;
}

const unknown: Reading = { kind: 'noData', at: 0, reason: 'neverRead', detail: '' };

/** A number as a reading: NaN is missing, an infinity is `unbounded`. */
export function numberReading(value: number, at: number): Reading {
  if (Number.isNaN(value)) return { kind: 'noData', at, reason: 'notANumber', detail: 'the source says NaN' };
  return Number.isFinite(value) ? { kind: 'value', at, value } : { kind: 'unbounded', at, sign: value > 0 ? 1 : -1 };
}

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const named = new Map([
  ['nan', Number.NaN],
  ['inf', Infinity],
  ['+inf', Infinity],
  ['-inf', -Infinity],
]);

/** A number written as text: plain decimals, `NaN`, `+Inf`, `-Inf`; nothing else, and nothing that overflows. */
export function textReading(text: string, at: number): Reading {
  const known = named.get(text.toLowerCase());
  if (known !== undefined) return numberReading(known, at);
  const value = decimal.test(text) ? Number(text) : Number.NaN;
  if (Number.isFinite(value)) return { kind: 'value', at, value };
  return { kind: 'noData', at, reason: 'malformed', detail: `${JSON.stringify(text.slice(0, 80))} is no number such as 0.43 or 1e3` };
}

/** "0.43", "infinite" or why there is none: for sentences. */
export function readingSentence(reading: Reading): string {
  switch (reading.kind) {
    case 'value':
      return String(reading.value);
    case 'unbounded':
      return reading.sign > 0 ? 'infinite' : 'minus infinite';
    case 'noData':
      return `no data (${reading.reason}: ${reading.detail})`;
    default:
      return unreachable(reading);
  }
}
