import { expect, test } from 'vitest';
import { stormSentence, stormSource, stormThreshold, stormTurn, type StormFacts } from '../../../domain/storm.js';

const policy = { share: 0.1, withinMs: 120_000 };
const named = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `s${index}`, dependsOn: [] as string[] }));
const troubled = (count: number, since: (index: number) => number = () => 0) =>
  named(count).map(({ name }, i) => ({ service: name, since: since(i) }));
const facts = (count: number, of: number, more: Partial<StormFacts> = {}): StormFacts => ({
  policy,
  services: named(of),
  troubles: troubled(count),
  lasts: false,
  ...more,
});

test('a storm is the configured share of all services, and never fewer than three', () => {
  expect([1, 5, 20, 30, 31, 200, 300].map((of) => stormThreshold(policy, of))).toEqual([3, 3, 3, 3, 4, 20, 30]);
  expect(stormThreshold({ ...policy, share: 0.07 }, 100)).toBe(7);
  expect(stormTurn(facts(2, 5))).toBe('calm');
  expect(stormTurn(facts(3, 5))).toBe('opens');
  expect(stormTurn(facts(19, 200))).toBe('calm');
  expect(stormTurn(facts(20, 200))).toBe('opens');
});

test('a storm opens only where the troubles began together', () => {
  expect(stormTurn(facts(20, 200, { troubles: troubled(20, (index) => index * 6_000) }))).toBe('opens');
  expect(stormTurn(facts(20, 200, { troubles: troubled(20, (index) => index * 6_500) }))).toBe('calm');
  expect(stormTurn(facts(0, 200))).toBe('calm');
});

test('a storm lasts while enough services are in trouble, whenever that began', () => {
  const spread = troubled(20, (index) => index * 3_600_000);
  expect(stormTurn(facts(20, 200, { troubles: spread, lasts: true }))).toBe('lasts');
  expect(stormTurn(facts(19, 200, { lasts: true }))).toBe('ends');
});

const chain = [
  { name: 'disk', dependsOn: [] },
  { name: 'db', dependsOn: ['disk'] },
  { name: 'shop', dependsOn: ['db'] },
  { name: 'cart', dependsOn: ['shop'] },
  { name: 'mail', dependsOn: [] },
];
const sourceOf = (...services: readonly string[]) =>
  stormSource({ services: chain, troubles: services.map((service) => ({ service, since: 0 })) });

test('the source of a storm is the service in trouble on which all others in trouble depend, near or far', () => {
  expect(sourceOf('cart', 'db', 'shop')).toBe('db');
  expect(sourceOf('cart', 'db', 'shop', 'disk')).toBe('disk');
});

test('a storm whose services share nothing that is in trouble has no source', () => {
  expect(sourceOf('cart', 'mail', 'shop', 'db')).toBeUndefined();
  expect(sourceOf('mail', 'cart')).toBeUndefined();
});

test('a storm says how many of how many, and what all depend on', () => {
  expect(stormSentence({ services: 31, of: 300, source: 'db' })).toBe(
    'storm: 31 of 300 services are in trouble at once, and all of them depend on db',
  );
  expect(stormSentence({ services: 31, of: 300 })).toBe('storm: 31 of 300 services are in trouble at once, with no source that hale knows');
});
