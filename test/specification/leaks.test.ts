import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formsOf, leaksIn } from '../support/acceptance/leaks.js';

const secret = 'hx+/%~9Fq2"Lm71-c4Rt';

describe('the search for leaked secrets', () => {
  it.each(formsOf(secret).map(([form]) => form))('finds one that lies there as %s, whatever is around it', (form) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), fc.uint8Array({ maxLength: 50 }), (before, after) => {
        const hidden = hide(form, Buffer.from(before), Buffer.from(after));
        expect(leaksIn('x', hidden, { secret }).map((leak) => leak.secret)).toContain('secret');
        expect(leaksIn('x', Buffer.concat([Buffer.from('head'), gzipSync(hidden)]), { secret }).length).toBeGreaterThan(0);
      }),
      { numRuns: 50 },
    );
  });

  it('finds nothing where there is nothing', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => leaksIn('x', Buffer.from(bytes), { secret }).length === 0));
  });
});

function hide(form: string, before: Buffer, after: Buffer): Buffer {
  const text = Buffer.from(secret);
  const [kind = '', offset = '0'] = form.split('+');
  if (kind === 'base64' || kind === 'base64url') {
    const whole = Buffer.concat([Buffer.alloc(Number(offset), 7), text, after]);
    return Buffer.from(whole.toString(kind));
  }
  const encoded = formsOf(secret).find(([name]) => name === form)?.[1] ?? text;
  return Buffer.concat([before, encoded, after]);
}
