import { z } from 'zod';
import { noDataReasons } from '../domain/reading.js';

/**
 * Schemas of what arrives in the workflow sandbox. This module is preloaded and then frozen, and zod fills its schemas
 * lazily, so every schema is used once at the end of the file; a test walks all of them in the real sandbox.
 */

const SLOT = /^[a-zA-Z0-9][a-zA-Z0-9._:-]{0,62}$/;
const name = z.string().trim().min(1).max(200);
// Not `.regex()`: zod then writes to the pattern's `lastIndex`, which the sandbox has frozen.
const slot = z.string().refine((value) => SLOT.test(value), 'letters, digits, dot, dash, colon and underscore, at most 63');
const reason = z.string().max(2000).optional();

const reading = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('value'), at: z.number(), value: z.number() }),
  z.object({ kind: z.literal('unbounded'), at: z.number(), sign: z.union([z.literal(1), z.literal(-1)]) }),
  z.object({ kind: z.literal('noData'), at: z.number(), reason: z.enum(noDataReasons), detail: z.string() }),
]);

const measured = {
  service: slot,
  instance: slot.optional(),
  objective: name,
  onset: z.number(),
  severity: z.enum(['warning', 'critical']),
  evidence: z.object({ signal: name, last: reading, bound: z.string(), bad: z.number(), of: z.number() }),
};

export const finding = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('breach'), ...measured }),
  z.object({ kind: z.literal('silence'), ...measured }),
  z.object({
    kind: z.literal('alert'),
    service: slot,
    instance: slot.optional(),
    alert: name,
    source: name,
    onset: z.number(),
    severity: z.enum(['warning', 'critical']),
  }),
]);

export const cycleOrder = z.object({
  service: slot,
  instance: slot.optional(),
  by: name.default('temporal-ui'),
  reason,
  finding: finding.optional(),
});

export const dryRunOrder = z.object({
  service: slot,
  instance: slot.optional(),
  by: name.default('temporal-ui'),
  correction: name.optional(),
});

export const report = z.object({ by: name.default('temporal-ui'), finding: finding.optional() });

export const word = z.object({
  by: name.default('temporal-ui'),
  reason,
  proposal: z.string().max(64).optional(),
  until: z.number().optional(),
});

const signature = z.object({
  key: z.string().min(1).max(64),
  nonce: z.string().min(16).max(64),
  expiresAt: z.number(),
  groups: z.array(name).max(200),
  mac: z.string().min(64).max(64),
});

export const decision = z.object({
  by: name,
  reason,
  proposal: z.string().min(4).max(64),
  decision: z.enum(['approve', 'reject']),
  signature: signature.optional(),
});

export const watchOrder = z.object({ shard: z.number().int().min(0).max(10_000), shards: z.number().int().min(1).max(10_000) });

const evidence = (last: unknown) => ({ signal: 'up', last, bound: 'above 0', bad: 1, of: 1 });
const findings = [
  { kind: 'value', at: 1, value: 0 },
  { kind: 'unbounded', at: 1, sign: 1 },
  { kind: 'noData', at: 1, reason: 'timeout', detail: '' },
].flatMap((last) =>
  ['breach', 'silence', 'alert'].map((kind) => ({
    kind,
    service: 'shop',
    instance: 'a',
    objective: 'up',
    alert: 'ShopDown',
    source: 'am',
    onset: 1,
    severity: 'critical',
    evidence: evidence(last),
  })),
);
const signed = { key: 'k', nonce: 'n'.repeat(16), expiresAt: 1, groups: ['oncall'], mac: 'm'.repeat(64) };
const words = { by: 'ada', reason: 'r', proposal: 'abcd', until: 1, decision: 'approve', shard: 0, shards: 1 };

/** Values that reach every branch of every schema: valid ones compile it, bad ones compile its refusals. */
const warmUp: readonly unknown[] = [
  undefined,
  null,
  {},
  [],
  '',
  1,
  { service: '' },
  { service: 'shop' },
  ...findings,
  ...findings.map((one) => ({ service: 'shop', instance: 'a', finding: one, ...words })),
  { service: 'shop', finding: { kind: 'other' } },
  ...['breach', 'silence', 'alert'].map((kind) => ({ service: 'shop', finding: { kind, evidence: { last: { kind: 'other' } } } })),
  { ...words, signature: signed },
  { ...words, signature: { ...signed, key: '', nonce: '', groups: [''], mac: '' } },
  { ...words, signature: {} },
];

for (const schema of [finding, cycleOrder, dryRunOrder, report, word, decision, watchOrder]) {
  for (const value of warmUp) schema.safeParse(value);
}
