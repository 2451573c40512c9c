import { expect, test } from 'vitest';
import { reachSentence, recordSentence, tookSentence } from '../../../domain/ask.js';

test.each([
  [undefined, 'never tried here on this pattern'],
  [{ held: 3, tried: 4 }, 'held 3 of 4 times here on this pattern'],
  [{ held: 0, tried: 1 }, 'held 0 of 1 time here on this pattern'],
  [{ held: 0, tried: 0 }, 'tried here on this pattern, but nothing could be measured'],
  [{ held: 2, tried: 2, elsewhere: true as const }, 'held 2 of 2 times on this pattern at other services of its class, never here'],
])('what is known of a correction is told in numbers, and where they are from: %j', (record, sentence) => {
  expect(recordSentence(record && { correction: 'restart', ...record })).toBe(sentence);
});

test.each([
  [undefined, 'not known: it never held here'],
  [{ medianMs: 72_400, of: 3 }, '1m12s until it had held, the median of 3 times'],
  [{ medianMs: 80, of: 1 }, '1s until it had held, the one time it did'],
])('how long it takes is what it took before, or not known: %j', (took, sentence) => {
  expect(tookSentence(took)).toBe(sentence);
});

const four = { service: 'shop', touches: 1, acting: 0, instances: 4 };

test.each([
  ['shop', undefined, undefined, 'shop'],
  ['shop', 'web-1', undefined, 'web-1, one instance of shop'],
  ['shop', 'web-1', four, 'web-1, one of 4 instances of shop'],
  ['shop', 'web-1', { ...four, acting: 2 }, 'web-1, one of 4 instances of shop; changes are in force on 2 others'],
  ['shop', 'web-1', { ...four, healthyLeft: 2 }, 'web-1, one of 4 instances of shop; 2 healthy ones are left meanwhile'],
  ['shop', undefined, { ...four, touches: 4 }, 'shop, with all of its 4 instances'],
] as const)('how far it reaches is told as far as the policy counted it', (service, instance, blast, sentence) => {
  expect(reachSentence(service, instance, blast)).toBe(sentence);
});
