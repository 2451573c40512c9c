import { expect, test } from 'vitest';
import { onlyIfChanged } from '../../domain/diagnosis.js';

const seen = { correction: 'undo-release', applicable: true, evidence: 'v2 is not the last good v1' } as const;

test('a correction for recent changes applies while the change is recent', () => {
  const recent = { ...seen, changedAt: 1000 };
  expect(onlyIfChanged(recent, 5000, 6000)).toEqual(recent);
});

test('a correction for recent changes does not apply to an old one', () => {
  expect(onlyIfChanged({ ...seen, changedAt: 1000 }, 5000, 6001)).toMatchObject({
    applicable: false,
    reason: expect.stringContaining('5s ago') as string,
  });
});

test('a change of unknown time is no recent change', () => {
  expect(onlyIfChanged(seen, 5000, 6000)).toMatchObject({
    applicable: false,
    reason: expect.stringContaining('nobody can tell') as string,
  });
});

test('what does not apply anyway keeps its own reason', () => {
  const nothing = { correction: 'undo-release', applicable: false, reason: 'nothing to correct' } as const;
  expect(onlyIfChanged(nothing, 5000, 6000)).toBe(nothing);
});
