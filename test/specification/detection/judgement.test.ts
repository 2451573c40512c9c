import { expect, test } from 'vitest';
import { emptyTrack, follow, judge } from '../../../domain/detection/judgement.js';
import type { Reading } from '../../../domain/reading.js';
import type { Objective } from '../../../domain/service.js';

const objective: Objective = {
  name: 'up',
  signal: 'up',
  bound: { above: 0 },
  forMs: 2_000,
  votes: { bad: 1, of: 1 },
  silenceMs: 10_000,
  holdMs: 10_000,
};
const start = Date.UTC(2026, 0, 1);

/** `1` good, `0` bad, `-` missing; one reading a second. */
const readings = (text: string): Reading[] =>
  text.split('').map((mark, second): Reading => {
    const at = start + second * 1000;
    return mark === '-' ? { kind: 'noData', at, reason: 'timeout', detail: '' } : { kind: 'value', at, value: Number(mark) };
  });
const at = (seconds: number): number => start + seconds * 1000;
const judged = (text: string, changed: Partial<Objective> = {}, now = at(text.length - 1)) =>
  judge({ ...objective, ...changed }, readings(text), now);

test('a bound broken for shorter than `for` is met but doubtful', () => {
  expect(judged('1100')).toMatchObject({ kind: 'met', doubtfulSince: at(2) });
});

test('a bound broken for as long as `for` is a breach since its first bad reading', () => {
  expect(judged('11000')).toMatchObject({ kind: 'broken', since: at(2), bad: 1, of: 1 });
});

test('one good reading starts the time of `for` anew', () => {
  expect(judged('00100')).toMatchObject({ kind: 'met', doubtfulSince: at(3) });
});

test('with `for` 0 the first bad reading is a breach', () => {
  expect(judged('0', { forMs: 0 })).toMatchObject({ kind: 'broken', since: at(0) });
});

test('readings a few milliseconds early still fill the time of `for`', () => {
  const early: Reading[] = [0, 999, 1_998].map((ms) => ({ kind: 'value', at: start + ms, value: 0 }));
  expect(judge(objective, early, start + 1_998)).toMatchObject({ kind: 'broken' });
});

test('a breach by votes needs that many bad readings of the last ones', () => {
  const votes = { bad: 3, of: 5 };
  expect(judged('11010', { votes, forMs: 0 })).toMatchObject({ kind: 'met', bad: 2, of: 5 });
  expect(judged('110100', { votes, forMs: 0 })).toMatchObject({ kind: 'broken', bad: 3, of: 5, since: at(2) });
});

test('missing data make a symptom neither older nor healthy', () => {
  expect(judged('10----')).toMatchObject({ kind: 'met', doubtfulSince: at(1) });
});

test('a silence as long as allowed is no data, from its first missing reading', () => {
  expect(judged('11-', {}, at(11))).toMatchObject({ kind: 'noData', since: at(2), last: { kind: 'noData', reason: 'timeout' } });
});

test('nothing read yet is no data, never health', () => {
  expect(judged('', {}, at(0))).toMatchObject({ kind: 'noData', last: { reason: 'neverRead' } });
  expect(judged('-')).toMatchObject({ kind: 'noData', since: at(0) });
});

test('evidence from before a silence has no vote after it', () => {
  expect(judged('0-----------0')).toMatchObject({ kind: 'met', doubtfulSince: at(12), of: 1 });
});

test('row 31: readings out of order are sorted and the last of one time wins', () => {
  const shuffled = [...readings('110').toReversed(), { kind: 'value', at: at(2), value: 1 } as const];
  expect(judge({ ...objective, forMs: 0 }, shuffled, at(2))).toMatchObject({ kind: 'met', since: at(0) });
});

test('row 27: an infinity breaks the bound it crosses and proves no health on the other side', () => {
  const infinite: Reading = { kind: 'unbounded', at: at(0), sign: 1 };
  expect(judge({ ...objective, bound: { below: 5 }, forMs: 0 }, [infinite], at(0))).toMatchObject({ kind: 'broken' });
  expect(judge({ ...objective, bound: { above: 5 }, forMs: 0 }, [infinite], at(0))).toMatchObject({ kind: 'noData' });
});

test('the bound itself is unhealthy', () => {
  expect(judged('0', { forMs: 0, bound: { above: 0 } }).kind).toBe('broken');
  expect(judged('1', { forMs: 0, bound: { below: 1 } }).kind).toBe('broken');
});

test('row 31: a late reading does not reopen what was judged', () => {
  const judgedAll = readings('1110').reduce((track, reading) => follow(objective, track, reading), emptyTrack);
  const late = follow(objective, judgedAll, { kind: 'value', at: at(1), value: 0 });
  expect(late).toBe(judgedAll);
  expect(follow(objective, judgedAll, { kind: 'noData', at: at(1), reason: 'timeout', detail: '' })).toBe(judgedAll);
});
