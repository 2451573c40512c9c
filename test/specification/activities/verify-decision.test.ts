// What a signature of a decision vouches for; over real PostgreSQL, by whose clock it expires.
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { verifyDecision } from '../../../activities/verify-decision.js';
import { postgresSignatures, signingKey } from '../../../adapters/postgres/signatures.js';
import { signed } from '../../../client/sign.js';
import type { VerifyDecision } from '../../../contracts/activities.js';
import type { Decision } from '../../../contracts/messages.js';
import { freshDatabase } from '../../support/database.js';

const address = { workflowId: 'heal/shop/-', cycle: 'cycle-1' };
const yes: Decision = { by: 'ada', decision: 'approve', proposal: '7f3a9c01', reason: 'go' };
const HOUR = 3_600_000;

async function desk(ageMs = 0) {
  const { pool } = await freshDatabase();
  const key = await signingKey(pool);
  const { signature, ...decision } = signed(address, yes, ['oncall'], { ...key, now: key.now - ageMs });
  if (signature === undefined) throw new Error('not signed');
  const verify = (change: Partial<VerifyDecision> = {}) =>
    new MockActivityEnvironment().run(verifyDecision({ signatures: postgresSignatures(pool) }), {
      ...address,
      decision,
      signature,
      updateId: 'order-1',
      ...change,
    });
  return { pool, decision, signature, verify };
}

test('a decision that was signed for this cycle counts, once', async () => {
  const { verify } = await desk();
  expect(await verify()).toEqual({ kind: 'verified' });
  expect(await verify({ updateId: 'order-2' })).toEqual({
    kind: 'refused',
    sentence: 'the signature does not count: it was used before; decide again',
  });
});

test('a repeated delivery of the same order counts again, also when its time has run out meanwhile', async () => {
  const { pool, verify } = await desk();
  await verify();
  await pool.query("update nonces set expires_at = clock_timestamp() - interval '1 minute'");
  expect(await verify()).toEqual({ kind: 'verified' });
});

test('approval replay: of a hundred uses of one signature at once one counts', async () => {
  const { verify } = await desk();
  const answers = await Promise.all(Array.from({ length: 100 }, (_, order) => verify({ updateId: `order-${order}` })));
  expect((answers as { kind: string }[]).filter(({ kind }) => kind === 'verified')).toHaveLength(1);
});

test('a signature whose time is over by the database`s clock does not count', async () => {
  const { verify } = await desk(HOUR);
  expect(await verify()).toMatchObject({ kind: 'refused', sentence: expect.stringContaining('its time is over') });
});

test('approval forgery: no word of a signed decision can be changed, nor the cycle it is for', async () => {
  const { decision, signature, verify } = await desk();
  const forgeries: Partial<VerifyDecision>[] = [
    { decision: { ...decision, by: 'mallory' } },
    { decision: { ...decision, decision: 'reject' } },
    { decision: { ...decision, proposal: '00000000' } },
    { decision: { ...decision, reason: 'changed' } },
    { workflowId: 'heal/other/-' },
    { cycle: 'cycle-2' },
    { signature: { ...signature, groups: ['admins'] } },
    { signature: { ...signature, expiresAt: signature.expiresAt + HOUR } },
    { signature: { ...signature, nonce: 'another-nonce-entirely' } },
    { signature: { ...signature, mac: 'f'.repeat(64) } },
    { signature: { ...signature, mac: 'no hexadecimal number'.padEnd(64) } },
  ];
  for (const forgery of forgeries) {
    expect(await verify(forgery)).toMatchObject({ sentence: expect.stringContaining('it is not for this decision, or was changed') });
  }
  expect(await verify(), 'a forgery uses nothing up').toEqual({ kind: 'verified' });
});

test('a signature under a key that is not hale`s does not count', async () => {
  const { signature, verify } = await desk();
  expect(await verify({ signature: { ...signature, key: 'mine' } })).toMatchObject({
    sentence: expect.stringContaining('no key "mine" is known here'),
  });
});

test('the first two who want to sign at once get one key', async () => {
  const { pool } = await freshDatabase();
  const [one, other] = await Promise.all([signingKey(pool), signingKey(pool)]);
  expect(Buffer.from(one.secret).equals(other.secret)).toBe(true);
});
