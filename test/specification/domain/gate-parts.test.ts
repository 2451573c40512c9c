import { expect, test } from 'vitest';
import { tooFewHealthy, tooManyAtOnce } from '../../../domain/gate/blast.js';
import { scopesOf } from '../../../domain/gate/budget.js';
import { budgetLeft, scarcest, tooLittleLeft } from '../../../domain/gate/error-budget.js';
import { freezeOf, type Turn } from '../../../domain/gate/flapping.js';
import { ownerOf } from '../../../domain/gate/owner.js';
import { isOpen, type TimeInterval } from '../../../domain/gate/time-interval.js';
import type { Action, Correction } from '../../../domain/service.js';
import { serviceWith } from '../../support/watching.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

test('at most as many instances are acted upon as atOnce says, and a share is never rounded up', () => {
  const blast = { service: 'edge', touches: 1, acting: 3, instances: 40 };
  expect(tooManyAtOnce({ ...blast, atOnce: { count: 4 } })).toBeUndefined();
  expect(tooManyAtOnce({ ...blast, atOnce: { count: 3 } })).toBeDefined();
  expect(tooManyAtOnce({ ...blast, atOnce: { share: 0.1 } })).toBeUndefined();
  expect(tooManyAtOnce({ ...blast, instances: 39, atOnce: { share: 0.1 } })).toBeDefined();
  expect(tooManyAtOnce(blast)).toBeUndefined();
});

test('a share of no instances is none', () => {
  expect(tooManyAtOnce({ service: 'edge', touches: 1, acting: 0, instances: 0, atOnce: { share: 1 } })).toBeDefined();
  expect(tooFewHealthy({ service: 'edge', touches: 1, acting: 0, instances: 0, healthyLeft: 0, minHealthy: 0.5 })).toBeDefined();
});

test('as many must stay healthy as minHealthy says, and unknown health is none', () => {
  const blast = { service: 'edge', touches: 1, acting: 0, instances: 10, minHealthy: 0.9 };
  expect(tooFewHealthy({ ...blast, healthyLeft: 9 })).toBeUndefined();
  expect(tooFewHealthy({ ...blast, healthyLeft: 8 })).toBeDefined();
  expect(tooFewHealthy(blast)).toBeDefined();
});

test('a budget counts what its service, class, team, correction or environment does', () => {
  const shop = { ...serviceWith('shop', []), class: 'web', team: 'payments' };
  const cart = { ...serviceWith('cart', []), class: 'web' };
  const fleet = { environment: 'prod', services: [shop, cart] };
  const per = (service: typeof shop | typeof cart, of: 'service' | 'class' | 'team' | 'correction' | 'environment') =>
    scopesOf([{ max: 1, inMs: 1, per: of }], fleet, service, 'restart').map(({ of: whose, services, correction }) => [
      whose,
      services,
      correction,
    ]);
  expect(per(shop, 'service')).toEqual([['shop', ['shop'], undefined]]);
  expect(per(shop, 'class')).toEqual([['class web', ['shop', 'cart'], undefined]]);
  expect(per(shop, 'team')).toEqual([['team payments', ['shop'], undefined]]);
  expect(per(cart, 'team')).toEqual([]);
  expect(per(shop, 'correction')).toEqual([['restart of shop', ['shop'], 'restart']]);
  expect(per(cart, 'environment')).toEqual([['environment prod', undefined, undefined]]);
});

test('an error budget is what the target leaves, and nothing is known without a reading', () => {
  expect(budgetLeft({ bad: 0, of: 1_000, target: 0.99 })).toBe(1);
  expect(budgetLeft({ bad: 5, of: 1_000, target: 0.99 })).toBeCloseTo(0.5);
  expect(budgetLeft({ bad: 20, of: 1_000, target: 0.99 })).toBeCloseTo(-1);
  expect(budgetLeft({ bad: 0, of: 0, target: 0.99 })).toBeUndefined();
  expect(budgetLeft({ bad: 1, of: 1_000, target: 1 })).toBe(-Infinity);
});

test('a target of 100% has all of its budget left until the first bad reading', () => {
  expect(budgetLeft({ bad: 0, of: 1_000, target: 1 })).toBe(1);
  const budget = { objective: 'up', bad: 0, of: 1_000, target: 1, windowMs: HOUR, askBelow: 0.5 };
  expect(tooLittleLeft(budget)).toBeUndefined();
  expect(tooLittleLeft({ ...budget, bad: 1 })).toContain('1 of 1000 readings bad, which leaves nothing');
});

test('of several error budgets the one with the least left decides, before all one that nobody knows', () => {
  const one = (objective: string, bad: number, of: number) => ({ objective, bad, of, target: 0.9, windowMs: HOUR, askBelow: 0.1 });
  expect(scarcest([one('a', 1, 100), one('b', 9, 100)])?.objective).toBe('b');
  expect(scarcest([one('a', 1, 100), one('b', 0, 0)])?.objective).toBe('b');
  expect(scarcest([])).toBeUndefined();
});

const turn = (at: number, before: string, after: string, undone = false): Turn => ({ at, before, after, undone });

test('two undone changes of one knob within an hour freeze it until the older is an hour past', () => {
  const turns = [turn(0, 'a', 'b', true), turn(30 * MINUTE, 'a', 'b', true)];
  expect(freezeOf(turns, 31 * MINUTE)).toEqual({ reversals: 2, withinMs: HOUR, until: HOUR });
  expect(freezeOf(turns, HOUR)).toBeUndefined();
  expect(freezeOf(turns.slice(1), 31 * MINUTE)).toBeUndefined();
});

test('turning a knob from A to B, back to A and to B again freezes it', () => {
  const there = [turn(0, 'a', 'b'), turn(MINUTE, 'b', 'a'), turn(2 * MINUTE, 'a', 'b')];
  expect(freezeOf(there.slice(0, 2), 3 * MINUTE)).toBeUndefined();
  expect(freezeOf(there, 3 * MINUTE)).toMatchObject({ reversals: 2 });
});

test('what turns nothing, or turns on, is no reversal', () => {
  expect(
    freezeOf(
      [0, 1, 2, 3].map((n) => turn(n, 'same', 'same')),
      MINUTE,
    ),
  ).toBeUndefined();
  expect(freezeOf([turn(0, 'a', 'b'), turn(1, 'b', 'c'), turn(2, 'c', 'd')], MINUTE)).toBeUndefined();
});

test('what was undone is turned back already: bringing it about again is no second reversal', () => {
  expect(freezeOf([turn(0, 'a', 'b', true), turn(1, 'c', 'a')], MINUTE)).toBeUndefined();
  expect(freezeOf([turn(0, 'a', 'b', true), turn(1, 'a', 'c'), turn(2, 'c', 'a')], MINUTE)).toMatchObject({ reversals: 2 });
});

test('a restart of what somebody else has put back turns nothing', () => {
  expect(freezeOf([turn(0, 'a', 'b'), turn(1, 'a', 'a'), turn(2, 'a', 'a')], MINUTE)).toBeUndefined();
});

test('a controller owns every correction of its target but a wait and what ends sessions', () => {
  const exec: Action = { kind: 'exec', argv: ['/bin/true'] };
  const owner = (managedBy: string | undefined, action: Action, through?: string) =>
    ownerOf({ ...serviceWith('shop', []), ...(managedBy === undefined ? {} : { managedBy }) }, {
      action,
      ...(through === undefined ? {} : { through }),
    } as Correction);
  expect(owner('patroni', exec)).toBe('patroni');
  expect(owner('patroni', { kind: 'wait', forMs: 1 })).toBeUndefined();
  expect(owner('patroni', { kind: 'postgres', statement: 'vacuum' } as Action)).toBeUndefined();
  expect(owner('patroni', { kind: 'postgres', statement: 'setting' } as Action)).toBe('patroni');
  expect(owner('patroni', { kind: 'postgres', statement: 'dropSlot' } as Action)).toBe('patroni');
  expect(owner('patroni', { kind: 'file', path: '/etc/shop.conf', restore: 'lastGood' })).toBe('patroni');
  expect(owner('patroni', exec, 'patroni')).toBeUndefined();
  expect(owner('patroni', exec, 'systemd')).toBe('patroni');
  expect(owner(undefined, exec)).toBeUndefined();
});

test('a repository is the way through the controllers that keep to one, and through no other', () => {
  const exec: Action = { kind: 'exec', argv: ['/bin/true'] };
  const throughGit = (managedBy: string) =>
    ownerOf({ ...serviceWith('shop', []), managedBy }, { action: exec, through: 'git' } as Correction);
  expect(['argocd', 'flux', 'patroni', 'systemd'].map(throughGit)).toEqual([undefined, undefined, 'patroni', 'systemd']);
  const byGit = (managedBy: string) => ownerOf({ ...serviceWith('shop', []), managedBy }, { action: { kind: 'git' } } as Correction);
  expect(['argocd', 'flux', 'terraform'].map(byGit)).toEqual([undefined, undefined, 'terraform']);
});

const at = (text: string): number => Date.parse(text);
const open = (interval: TimeInterval, ...times: readonly string[]): boolean[] => times.map((text) => isOpen(interval, at(text)));

test('a time of the day begins with its first minute and ends before its last', () => {
  const office = { times: [{ from: 9 * 60, to: 17 * 60 }] };
  expect(open(office, '2026-11-27T08:59:59Z', '2026-11-27T09:00:00Z', '2026-11-27T16:59:59Z', '2026-11-27T17:00:00Z')).toEqual([
    false,
    true,
    true,
    false,
  ]);
  expect(open({ times: [{ from: 0, to: 24 * 60 }] }, '2026-11-27T23:59:59Z', '2026-11-28T00:00:00Z')).toEqual([true, true]);
});

test('every part has to fit, and of each part one range', () => {
  const interval = {
    weekdays: [{ from: 1, to: 5 }],
    months: [
      { from: 1, to: 1 },
      { from: 11, to: 12 },
    ],
    years: [{ from: 2026, to: 2026 }],
  };
  expect(open(interval, '2026-11-27T12:00:00Z', '2026-11-28T12:00:00Z', '2026-10-27T12:00:00Z', '2027-11-26T12:00:00Z')).toEqual([
    true,
    false,
    false,
    false,
  ]);
});

test('days count from the end of the month where they are negative, whatever its length', () => {
  const last = { daysOfMonth: [{ from: -1, to: -1 }] };
  expect(
    open(last, '2026-02-28T12:00:00Z', '2028-02-28T12:00:00Z', '2028-02-29T12:00:00Z', '2026-04-30T12:00:00Z', '2026-01-30T12:00:00Z'),
  ).toEqual([true, false, true, true, false]);
  const lastThree = { daysOfMonth: [{ from: -3, to: -1 }] };
  expect(open(lastThree, '2026-02-25T12:00:00Z', '2026-02-26T12:00:00Z', '2026-03-28T12:00:00Z', '2026-03-29T12:00:00Z')).toEqual([
    false,
    true,
    false,
    true,
  ]);
});

test('a day that a month does not have is skipped, and a range that goes beyond its end ends with it', () => {
  expect(open({ daysOfMonth: [{ from: 30, to: 31 }] }, '2026-02-28T12:00:00Z', '2026-04-30T12:00:00Z', '2026-05-31T12:00:00Z')).toEqual([
    false,
    true,
    true,
  ]);
  expect(open({ daysOfMonth: [{ from: 27, to: 31 }] }, '2026-02-28T12:00:00Z', '2026-03-01T12:00:00Z')).toEqual([true, false]);
  expect(open({ daysOfMonth: [{ from: 1, to: -1 }] }, '2026-02-01T12:00:00Z', '2026-02-28T12:00:00Z')).toEqual([true, true]);
});

test('a window is on the clocks of its place, on the night of a time change too', () => {
  const berlin = { times: [{ from: 2 * 60, to: 3 * 60 }], location: 'Europe/Berlin' };
  // Summer begins: 02:00 becomes 03:00 at 01:00 UTC, so that the window never opens.
  expect(open(berlin, '2026-03-29T00:59:59Z', '2026-03-29T01:00:00Z', '2026-03-29T01:30:00Z')).toEqual([false, false, false]);
  // Summer ends: 03:00 becomes 02:00 at 01:00 UTC, so that it is open for two hours.
  expect(open(berlin, '2026-10-24T23:59:59Z', '2026-10-25T00:00:00Z', '2026-10-25T01:59:59Z', '2026-10-25T02:00:00Z')).toEqual([
    false,
    true,
    true,
    false,
  ]);
  expect(open({ weekdays: [{ from: 6, to: 6 }], location: 'Asia/Tokyo' }, '2026-11-27T15:00:00Z', '2026-11-28T15:00:00Z')).toEqual([
    true,
    false,
  ]);
});
