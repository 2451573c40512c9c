// What a person may say to an open question; the waiting itself is tested with the cycle.
import { expect, test } from 'vitest';
import type { ApprovalRules } from '../../../domain/approval.js';
import { anybody } from '../../support/anybody.js';
import { Desk, type Spoken } from '../../../workflows/desk.js';

const MINUTE = 60_000;

interface Asking {
  readonly expiresIn?: number;
  readonly needsHash?: boolean;
  readonly rules?: ApprovalRules;
  readonly startedBy?: string;
}

function asking({ expiresIn = MINUTE, needsHash = false, rules = anybody, startedBy = 'watch' }: Asking = {}, desk = new Desk()): Desk {
  const expiresAt = Date.now() + expiresIn;
  desk.ask = { proposal: '7f3a9c01', correction: 'restart', sentence: 'restart?', expiresAt, needsHash, rules, startedBy, yes: [] };
  return desk;
}
const approve = (desk: Desk, proposal?: string): string =>
  desk.obey({ verb: 'approve', by: 'ada', ...(proposal === undefined ? {} : { proposal }) });
const signedYes = (desk: Desk, by: string): string => desk.obey({ verb: 'approve', by, verified: true });

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

const twoPeople: ApprovalRules = { people: 2, unverified: 'refuse' };

test('what two people must approve is not approved by one, also not when they say it twice', () => {
  const desk = asking({ rules: twoPeople });
  expect(signedYes(desk, 'ada')).toBe('noted: 1 more person must say yes');
  expect(signedYes(desk, 'ada')).toContain('ada has said yes already');
  expect(signedYes(desk, 'bob')).toMatch(/^approved/);
});

test('of two people who must approve none is the one who started the cycle', () => {
  expect(signedYes(asking({ rules: twoPeople, startedBy: 'ada' }), 'ada')).toContain('ada started this cycle');
});

test('one no of two people ends the question', () => {
  const desk = asking({ rules: twoPeople });
  signedYes(desk, 'ada');
  desk.obey({ verb: 'reject', by: 'bob', verified: true });
  expect(signedYes(desk, 'cleo')).toContain('already decided: rejected by bob');
});

test('who was refused a decision is on record with the reason, but no flood of them is', () => {
  const noted: (readonly [Spoken, string | undefined])[] = [];
  const desk = asking({}, new Desk(undefined, (spoken, _, refused) => noted.push([spoken, refused])));
  for (let i = 0; i < 100; i += 1) approve(desk, '00000000');
  expect(noted).toHaveLength(50);
  expect(noted[0]).toMatchObject([{ verb: 'approve', by: 'ada' }, 'the proposal is 7f3a9c01, not 00000000: look again']);
});
