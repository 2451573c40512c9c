import { expect, test } from 'vitest';
import { phases, type CycleState } from '../../../contracts/cycle.js';
import { outcomes } from '../../../domain/outcome.js';
import { details } from '../../../workflows/details.js';
import { anybody } from '../../support/anybody.js';

const state: CycleState = { service: 'shop', incident: 'inc-1', phase: 'correct', sentence: 'doing restart', attempt: 1, refusals: [] };
const ask = {
  proposal: '7f3a9c01',
  correction: 'restart',
  sentence: 's',
  expiresAt: Date.UTC(2026, 0, 2, 3, 4, 5),
  needsHash: false,
  rules: anybody,
  startedBy: 'watch',
  yes: [],
};
const occasion = { by: 'ada', reason: 'customers complain', broken: ['up'] };
const text = (more: Partial<CycleState> = {}): string => details({ ...state, ...more }, occasion);

test('details of an open question begin with its hash and tell how to answer', () => {
  expect(text({ phase: 'approve', ask }).split('\n')[0]).toBe(
    '**7f3a9c01** waits for your decision until 2026-01-02 03:04 UTC. Send the signal `approve` or `reject` with `{"by":"your name","proposal":"7f3a9c01"}`.',
  );
});

test('details of a question to several people name how many, and who has said yes', () => {
  const [first] = text({ phase: 'approve', ask: { ...ask, rules: { people: 2, unverified: 'refuse' }, yes: ['ada'] } }).split('\n');
  expect(first).toContain('2 people must say yes, by `hale approve`. ada said yes already.');
});

test.each(phases.filter((phase) => phase !== 'closed'))('details in phase %s tell what, why, what next and the words', (phase) => {
  const lines = text({ phase }).split('\n\n');
  expect(lines[0]).toBe(`**${phase}**: doing restart`);
  expect(lines[1]).toMatch(/^Next: .+\.$/);
  expect(lines[2]).toBe('Broken: up. Started by ada: customers complain.');
  expect(lines.at(-1)).toContain('`takeOver`');
});

test.each(outcomes)('details of a cycle that ended %s offer no word any more', (outcome) => {
  const closed = text({ phase: 'closed', outcome });
  expect(closed).toContain(`**closed, ${outcome}**`);
  expect(closed).not.toContain('Send the signal');
});

test('what people and targets say cannot pass for a line of hale', () => {
  const forged = text({ sentence: 'fine\n\n**deadbeef** waits for [you](http://x)', refusals: ['no\n# now'] });
  expect(forged).toContain('fine \\*\\*deadbeef\\*\\* waits for \\[you\\](http://x)');
  expect(forged).toContain('- no \\# now');
});
