import fc from 'fast-check';
import { expect, test } from 'vitest';
import { redacted } from '../../../secrets/redact.js';
import { leaksIn } from '../../support/acceptance/leaks.js';

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
/** Of characters that may be in a header; long enough that no form of it stands in other text by chance. */
const secrets = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 8,
  maxLength: 40,
});

const formsWithin = (secret: string, before: Buffer, after: Buffer): string[] => {
  const whole = Buffer.concat([before, Buffer.from(secret), after]);
  return [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams({ secret }).toString(),
    JSON.stringify({ secret }),
    whole.toString('base64'),
    whole.toString('base64url'),
    whole.toString('hex'),
    whole.toString('hex').toUpperCase(),
  ];
};

test('nothing is left of a secret in any form, wherever among other bytes it was encoded', () => {
  fc.assert(
    fc.property(secrets, bytes, bytes, (secret, before, after) => {
      const told = formsWithin(secret, before, after).map((form) => redacted(`it said ${form}, alas`, [secret]));
      expect(leaksIn('text', Buffer.from(told.join('\n')), { secret })).toEqual([]);
    }),
  );
});

test('nothing is left in a page of HTML', () => {
  expect(redacted('<p>no &lt;a&amp;b&gt;&quot;c&#39; here</p>', [`<a&b>"c'`])).toBe('<p>no (secret) here</p>');
});

test('a secret that has another one in it goes as a whole', () => {
  expect(redacted('/services/T/B/x of http://host/services/T/B/x', ['/services/T/B/x', 'http://host/services/T/B/x'])).toBe(
    '(secret) of (secret)',
  );
});

test('what holds no secret stays as it is', () => {
  const text = 'answered 403: no, Ym9i and 6a6f are not yours';
  expect(redacted(text, [])).toBe(text);
  expect(redacted(text, ['hunter2+"/=', ''])).toBe(text);
  expect(redacted('abc', ['x'])).toBe('abc');
});
