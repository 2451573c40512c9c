import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from '../../contracts/configuration/check.js';
import { parseDuration } from '../../contracts/configuration/scalars.js';
import { formatDuration } from '../../domain/duration.js';
import { fromPlain, merge, plain } from '../../contracts/configuration/tree.js';
import { check, minimalFile } from '../support/configuration.js';

test('a duration reads back as it was written', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 31_536_000_000 }), (ms) => {
      expect(parseDuration(formatDuration(ms))).toBe(ms);
    }),
  );
});

test('what a template and a service say merges as overwriting does', () => {
  const part = fc.dictionary(fc.constantFrom('every', 'timeout'), fc.integer());
  const value = fc.record({ up: part, queue: part, dependsOn: fc.array(fc.string()) }, { requiredKeys: [] });
  fc.assert(
    fc.property(value, value, value, (one, two, three) => {
      const [a, b, c] = [fromPlain(one), fromPlain(two), fromPlain(three)];
      expect(plain(merge(merge(a, b), c))).toEqual(plain(merge(a, merge(b, c))));
      expect(plain(merge(a, a))).toEqual(plain(a));
    }),
  );
});

test('the canonical text does not depend on the order of keys', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      expect(canonicalJson(Object.fromEntries(Object.entries(value).toReversed()))).toBe(canonicalJson(value));
    }),
  );
});

/** One piece of the smallest file replaced by anything: it is valid or refused with places, and nothing throws. */
test('no damage to a file makes the check fall over', async () => {
  const pieces = [...minimalFile.matchAll(/[\w'^/.:-]+|[{}[\]]/g)];
  const anything = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom('{}', '[]', 'null', '*x', '&x', '!!js x', '? y', '<<: *a', '-', '|', '1e999'),
  );
  await fc.assert(
    fc.asyncProperty(fc.nat(pieces.length - 1), anything, async (index, text) => {
      const piece = pieces[index];
      if (piece === undefined) return;
      const checked = await check({
        'hale.yaml': minimalFile.slice(0, piece.index) + text + minimalFile.slice(piece.index + piece[0].length),
      });
      if (checked.kind === 'refused')
        for (const error of checked.errors) expect(error).toMatchObject({ file: 'hale.yaml', line: expect.any(Number) as number });
      if (checked.kind === 'refused') expect(checked.errors.length).toBeGreaterThan(0);
    }),
    { numRuns: 300 },
  );
}, 60_000);
