import { expect, test } from 'vitest';
import { verdictOf, withLateAct, type Trial } from '../support/acceptance/fencing/trial.js';

const refused: Trial = {
  service: 'shop',
  fence: '7',
  isInWindow: true,
  frozenAt: 100_000,
  thawedAt: 171_000,
  acts: [{ at: 106_000, fence: '9' }],
};
const more = (...acts: Trial['acts']): Trial => ({ ...refused, acts: [...refused.acts, ...acts] });

test.each([
  ['one act, by whoever took over, is a refusal of the frozen one', refused, 'refused'],
  ['an act after the thaw is late', withLateAct(refused), 'late'],
  ['an act under the old fence is late, whenever it was', more({ at: 120_000, fence: '7' }), 'late'],
  ['a second act is late where the target is told no fence', more({ at: 120_000 }), 'late'],
  ['a worker that had acted before it stood still shows nothing', { ...refused, acts: [{ at: 100_050 }] }, 'invalid'],
  ['a worker from which nobody took over shows nothing', { ...refused, acts: [] }, 'invalid'],
  ['a worker that acted when nobody else had shows nothing', { ...refused, acts: [{ at: 171_050 }] }, 'invalid'],
  ['a worker that was frozen elsewhere shows nothing', { ...refused, isInWindow: false }, 'invalid'],
])('in the account of a target %s', (_, trial, verdict) => {
  expect(verdictOf(trial).kind).toBe(verdict);
});
