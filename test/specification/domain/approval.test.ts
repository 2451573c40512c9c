// Who may decide on a correction that asks.
import { expect, test } from 'vitest';
import { objectionTo, stillMissing, type ApprovalRules, type Asked, type Decider } from '../../../domain/approval.js';
import { anybody } from '../../support/anybody.js';

const ada: Decider = { name: 'ada', groups: [], verified: true };
const typed: Decider = { ...ada, verified: false };
const nobodyYet = { startedBy: 'watch', yes: [] };
const objection = (decider: Decider, rules: Partial<ApprovalRules>, asked: Asked = nobodyYet) =>
  objectionTo(decider, 'approve', { ...anybody, ...rules }, asked);

test('without a policy anybody decides, under any name', () => {
  expect(objection(typed, {})).toBeUndefined();
});

test('a name that nobody vouches for is refused where the policy says so, and wherever several must agree', () => {
  const sentence = 'nobody vouches for the name ada: use `hale approve`, which signs the decision';
  expect(objection(typed, { unverified: 'refuse' })).toBe(sentence);
  expect(objection(typed, { people: 2 })).toBe(sentence);
  expect(objection(ada, { unverified: 'refuse' })).toBeUndefined();
});

test('where a team has approvers nobody else decides, neither yes nor no', () => {
  const rules = { ...anybody, approvers: ['bob', 'group:oncall'] };
  expect(objectionTo(ada, 'approve', rules, nobodyYet)).toBe('ada is not among those who may decide: bob, group:oncall');
  expect(objectionTo(ada, 'reject', rules, nobodyYet)).toBe('ada is not among those who may decide: bob, group:oncall');
  expect(objectionTo({ ...ada, name: 'bob' }, 'approve', rules, nobodyYet)).toBeUndefined();
});

test('a group counts only where somebody vouches for it', () => {
  const rules = { approvers: ['group:oncall'] };
  expect(objection({ ...ada, groups: ['oncall'] }, rules)).toBeUndefined();
  expect(objection({ ...typed, groups: ['oncall'] }, rules)).toContain('not among those');
});

test('a name that looks like a group is no group', () => {
  expect(objection({ ...ada, groups: ['group:oncall'] }, { approvers: ['group:oncall'] })).toContain('not among those');
});

test('nobody is a group by calling themselves one', () => {
  expect(objection({ ...typed, name: 'group:oncall' }, { approvers: ['group:oncall'] })).toContain('not among those');
  expect(objection({ ...ada, name: 'group:oncall' }, { approvers: ['group:oncall'] })).toContain('not among those');
});

test('a name is the same person in capitals, with blanks and in full width', () => {
  const asked = { startedBy: 'Bob', yes: ['ada'] };
  for (const name of ['ada', 'Ada', ' ada ', 'ａｄａ']) {
    expect(objection({ ...ada, name }, { people: 2 }, asked)).toContain('has said yes already: somebody else must, too');
    expect(objection({ ...ada, name }, { approvers: ['ADA'] })).toBeUndefined();
  }
  expect(objection({ ...ada, name: 'bob' }, { people: 2 }, asked)).toContain('started this cycle');
});

test('whoever started the cycle may say no, but is none of those who must say yes', () => {
  const asked = { startedBy: 'ada', yes: [] };
  expect(objection(ada, { people: 2 }, asked)).toBe('ada started this cycle: 2 other people must say yes');
  expect(objectionTo(ada, 'reject', { ...anybody, people: 2 }, asked)).toBeUndefined();
});

test('as many different people as the policy says must agree', () => {
  const rules = { ...anybody, people: 3 };
  expect(stillMissing(rules, ['ada'])).toBe('2 more people must say yes');
  expect(stillMissing(rules, ['ada', 'bob'])).toBe('1 more person must say yes');
  expect(stillMissing(rules, ['ada', 'bob', 'cleo'])).toBeUndefined();
});
