import { expect, test } from 'vitest';
import { fillSlots } from '../../../domain/detection/slots.js';

test('slots are filled in every string however deep', () => {
  const value = { argv: ['/bin/check', '$service', '$host'], url: 'http://$instance/health', n: 1 };
  expect(fillSlots(value, { service: 'shop', instance: 'node-7:9100' })).toEqual({
    kind: 'filled',
    value: { argv: ['/bin/check', 'shop', 'node-7'], url: 'http://node-7:9100/health', n: 1 },
  });
});

test('a dollar that names no slot stays as it is', () => {
  expect(fillSlots('$1 $services ${service}', { service: 'shop' })).toEqual({ kind: 'filled', value: '$1 $services ${service}' });
});

test.each(['a b', '"', "'; drop", '../x', '$(id)', '-rf', 'a\n', 'ü', 'x'.repeat(64), '', '__proto__'])(
  'an instance named %j is refused',
  (instance) => {
    expect(fillSlots('$instance', { service: 'shop', instance })).toMatchObject({
      kind: 'refused',
      why: expect.stringContaining('$instance'),
    });
  },
);

test('a slot without a value is refused, never left empty', () => {
  expect(fillSlots(['$host'], { service: 'shop' })).toMatchObject({ kind: 'refused', why: expect.stringContaining('no value') });
});
