import { expect, test } from 'vitest';
import { comparisonOf } from '../../../client/cli/init/comparison.js';

test.each([
  ['up == 0', 'up', '==', 0],
  ['up{job="a"}==0', 'up{job="a"}', '==', 0],
  ['0.05 < rate(a[5m])', 'rate(a[5m])', '>', 0.05],
  ['10 >= a', 'a', '<=', 10],
  ['(a / b) > 0.1', '(a / b)', '>', 0.1],
  ['((a / b) > 0.1)', '(a / b)', '>', 0.1],
  ['a{x!="1",y=~"b|c"} < -5', 'a{x!="1",y=~"b|c"}', '<', -5],
  ['a{x="1 > 2"} >= 1e3', 'a{x="1 > 2"}', '>=', 1000],
  ["a{x='it\\'s > 2'} > .5", "a{x='it\\'s > 2'}", '>', 0.5],
  ['sum by (job) (rate(a[5m] offset 1h)) / sum by (job) (b) > 0.01', 'sum by (job) (rate(a[5m] offset 1h)) / sum by (job) (b)', '>', 0.01],
  ['a\n  > 5', 'a', '>', 5],
])('a rule that compares one value with one number is read as that: %s', (query, left, operator, number) => {
  expect(comparisonOf(query)).toEqual({ kind: 'comparison', comparison: { left, operator, number } });
});

test.each([
  ['a > 5 and b < 2', 'it joins several expressions'],
  ['a > 5 OR b', 'it joins several expressions'],
  ['(a > 5) unless on (job) b', 'it joins several expressions'],
  ['vector(1)', 'it compares nothing with a number'],
  ['absent(up{job="a"})', 'it compares nothing with a number'],
  ['count(up == 0) > 2', 'it holds several comparisons'],
  ['sum(a > 5)', 'its comparison is a part of something else'],
  ['a > bool 5', 'it compares with bool and is never without a value'],
  ['a > b', 'neither side is a plain number'],
  ['a > on (job) b', 'neither side is a plain number'],
  ['a > 5 * 60', 'neither side is a plain number'],
  ['a != 5', 'neither side is a plain number'],
  ['1 > 0', 'neither side is a plain number'],
  ['a > 0x1F', 'neither side is a plain number'],
  ['a > Inf', 'neither side is a plain number'],
  ['(a > 5', 'its brackets do not match'],
  ['a{x="1} > 5', 'its brackets do not match'],
  ['', 'it compares nothing with a number'],
])('a rule of another form is named and not guessed: %s', (query, why) => {
  expect(comparisonOf(query)).toEqual({ kind: 'other', why });
});
