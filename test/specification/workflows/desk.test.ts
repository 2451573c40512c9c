// What a person may say to an open question; the waiting itself is tested with the cycle.
import { expect, test } from 'vitest';
import { Desk } from '../../../workflows/desk.js';

const MINUTE = 60_000;

function asking(more: { readonly expiresIn?: number; readonly needsHash?: boolean } = {}): Desk {
  const desk = new Desk();
  const { expiresIn = MINUTE, needsHash = false } = more;
  desk.ask = { proposal: '7f3a9c01', correction: 'restart', sentence: 'restart?', expiresAt: Date.now() + expiresIn, needsHash };
  return desk;
}
const approve = (desk: Desk, proposal?: string): string =>
  desk.obey({ verb: 'approve', by: 'ada', ...(proposal === undefined ? {} : { proposal }) });

test('a yes to a proposal that has expired is refused', () => {
  expect(approve(asking({ expiresIn: -1 }), '7f3a9c01')).toBe('approve by ada refused: the proposal has expired');
  expect(approve(asking(), '7f3a9c01')).toMatch(/^approved/);
});

test('a yes to another proposal than the open one is refused', () => {
  expect(approve(asking(), '00000000')).toContain('the proposal is 7f3a9c01, not 00000000');
});

test('a yes when nothing is asked is refused', () => {
  expect(approve(new Desk(), '7f3a9c01')).toContain('nothing is being asked');
});

test('a second decision does not replace the first', () => {
  const desk = asking();
  desk.obey({ verb: 'reject', by: 'bob' });
  expect(approve(desk, '7f3a9c01')).toContain('already decided: rejected by bob');
});

test('what needs its hash is not approved without it, what does not may be', () => {
  expect(approve(asking({ needsHash: true }))).toContain('say which proposal: it is 7f3a9c01');
  expect(approve(asking())).toMatch(/^approved/);
});

test('a cycle that already ends obeys nobody else', () => {
  const desk = asking();
  desk.obey({ verb: 'takeOver', by: 'ada' });
  expect(desk.obey({ verb: 'abort', by: 'bob' })).toContain('the cycle already ends: takeOver by ada');
  expect(desk.wish).toMatchObject({ kind: 'takeOver', by: 'ada' });
});

test('only the last twenty refusals are kept to be shown', () => {
  const desk = new Desk();
  for (let i = 0; i < 25; i += 1) desk.refuse(`refusal ${i}`);
  expect(desk.refusals).toHaveLength(20);
  expect(desk.refusals[0]).toBe('refusal 5');
});
