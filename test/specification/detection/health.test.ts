import { expect, onTestFinished, test, vi } from 'vitest';
import { releaseHolds } from '../../../activities/watch/health.js';
import type { Controls } from '../../../activities/ports.js';
import { Board } from '../../../domain/detection/board.js';
import { isKnownGood, sighted } from '../../../domain/detection/known-good.js';
import { scopeOf } from '../../../domain/detection/scope.js';
import type { Reading } from '../../../domain/reading.js';
import { serviceWith, upObjective, upSignal } from '../../support/watching.js';

const start = Date.UTC(2026, 0, 1);
const at = (seconds: number): number => start + seconds * 1000;
const service = serviceWith('shop', [upSignal('')], { objectives: [{ ...upObjective, silenceMs: 60_000, holdMs: 10_000 }] });

/** `1` good, `0` bad, `-` missing; one reading a second. */
function boardWith(text: string): Board {
  const board = new Board(undefined);
  board.cover(scopeOf({ version: '1', services: [service] }, 0, 1, () => []));
  for (const [second, mark] of text.split('').entries()) {
    const reading: Reading =
      mark === '-'
        ? { kind: 'noData', at: at(second), reason: 'timeout', detail: '' }
        : { kind: 'value', at: at(second), value: Number(mark) };
    board.take([{ service: 'shop', signal: 'up', reading }]);
  }
  return board;
}

const healthIn = (text: string, now = text.length - 1) => {
  const board = boardWith(text);
  return board.provenHealth(board.objectivesOf({ service: 'shop' }), at(now));
};

test('health is measured from reading to reading, and grows no older while nothing can be measured', () => {
  expect(healthIn('111')).toEqual({ since: at(0), until: at(2) });
  expect(healthIn('0111')).toEqual({ since: at(1), until: at(3) });
  expect(healthIn('111-----')).toEqual({ since: at(0), until: at(2) });
  expect(healthIn('111--1')).toEqual({ since: at(0), until: at(5) });
  expect(healthIn('110')).toBeUndefined();
  expect(healthIn('111', 90)).toBeUndefined();
});

test('a target state is good after a whole hold window of health without change', () => {
  const first = sighted(undefined, 'a', at(10));
  expect(isKnownGood(sighted(first, 'a', at(20)), { since: at(0), until: at(30) }, 20_000)).toBe(true);
  expect(isKnownGood(first, { since: at(11), until: at(30) }, 20_000)).toBe(false);
  expect(isKnownGood(sighted(first, 'b', at(29)), { since: at(0), until: at(30) }, 20_000)).toBe(false);
  expect(isKnownGood(first, undefined, 20_000)).toBe(false);
});

test('a state that came when readings stopped is not good, however long they are missing', () => {
  const written = sighted(undefined, 'typo', at(3));
  expect(isKnownGood(written, healthIn(`111${'-'.repeat(40)}`), 10_000)).toBe(false);
  expect(isKnownGood(written, healthIn(`111${'1'.repeat(11)}`), 10_000)).toBe(true);
});

/** Reasons for which a service that is held since then was let go. */
async function releasedIn(text: string, heldSince: number): Promise<readonly string[]> {
  vi.useFakeTimers({ now: at(text.length - 1) });
  onTestFinished(() => void vi.useRealTimers());
  const reasons: string[] = [];
  const controls = {
    held: async () => ({ since: at(heldSince), outcome: 'escalated' }),
    releaseHold: async (_service: string, _instance: string | undefined, reason: string) => void reasons.push(reason),
  } as Partial<Controls> as Controls;
  await releaseHolds({ controls }, boardWith(text));
  return reasons;
}

test('a hold is let go after a hold window of measured health that began with it or later', async () => {
  expect(await releasedIn('1'.repeat(20), 8)).toEqual(['every objective has been met for 10s']);
  expect(await releasedIn('1'.repeat(20), 12)).toEqual([]);
  expect(await releasedIn(`0000000000${'1'.repeat(9)}`, 0)).toEqual([]);
});

test('a hold stays while nothing can be measured', async () => {
  expect(await releasedIn(`000111${'-'.repeat(30)}`, 0)).toEqual([]);
  expect(await releasedIn(`${'1'.repeat(12)}${'-'.repeat(30)}`, 5)).toEqual([]);
});
