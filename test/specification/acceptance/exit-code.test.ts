import { expect, test } from 'vitest';
import { exitCodeOf, type Measured } from '../../support/acceptance/step.js';

const measured = (ok: boolean, hitEnough: boolean): Measured => ({ value: '1', ok, hitEnough, evidence: '' });

test.each([
  ['every bound held', [measured(true, true), measured(true, true)], 0],
  ['one bound was broken', [measured(true, true), measured(false, true)], 1],
  ['one step hit too little', [measured(true, true), measured(true, false)], 9],
  ['a broken bound outranks a step that hit too little', [measured(false, true), measured(false, false)], 1],
  ['nothing ran at all', [], 9],
] as const)('acceptance tells by its exit code that %s', (_, lines, code) => {
  expect(exitCodeOf(lines)).toBe(code);
});
