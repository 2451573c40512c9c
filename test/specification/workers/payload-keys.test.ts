import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultPayloadConverter, type Payload, type PayloadCodec } from '@temporalio/common';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSealed, keyIdOf, payloadCodec } from '../../../adapters/encryption/codec.js';
import { assertSeals, dataConverterOf } from '../../../adapters/encryption/data-converter.js';
import { parsePayloadKeys, readPayloadKeys } from '../../../adapters/encryption/keys.js';
import { postgresSwitches } from '../../../adapters/postgres/controls.js';
import { takePayloadKeys } from '../../../workers/payload-keys.js';
import { freshDatabase } from '../../support/database.js';

const tagBytes = 16;
const line = (id: string): string => `${id} ${randomBytes(32).toString('base64')}`;
const [october, november, another] = [line('2026-10'), line('2026-11'), line('2026-10')];
const codecOf = (...lines: readonly string[]) => payloadCodec(parsePayloadKeys(lines.join('\n'), 'keys'));
const payloadOf = (value: unknown): Payload => defaultPayloadConverter.toPayload(value) ?? {};

describe('the payload codec', () => {
  it('gives back what it sealed, and shows nothing of it', () =>
    fc.assert(
      fc.asyncProperty(fc.string({ minLength: 8, maxLength: 400 }), async (text) => {
        const codec = codecOf(october);
        const [sealed = {}] = await codec.encode([payloadOf(text)]);
        expect(isSealed(sealed)).toBe(true);
        expect(Buffer.from(sealed.data ?? []).includes(text)).toBe(false);
        const [opened = {}] = await codec.decode([sealed]);
        expect(defaultPayloadConverter.fromPayload(opened)).toBe(text);
      }),
      { numRuns: 50 },
    ));

  it('never seals two payloads into the same bytes', async () => {
    const [one, two] = await codecOf(october).encode([payloadOf('same'), payloadOf('same')]);
    expect(Buffer.from(one?.data ?? []).equals(Buffer.from(two?.data ?? []))).toBe(false);
  });

  it('seals with the first key, and opens what an earlier one sealed', async () => {
    const [old = {}] = await codecOf(october).encode([payloadOf('kept')]);
    const rotated = codecOf(november, october);
    expect(keyIdOf((await rotated.encode([payloadOf('new')]))[0] ?? {})).toBe('2026-11');
    expect(defaultPayloadConverter.fromPayload((await rotated.decode([old]))[0] ?? {})).toBe('kept');
  });

  it('opens what a process sealed that has a newer key already, once the file has it', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'hale-keys-')), 'keys');
    writeFileSync(file, october);
    const running = payloadCodec(readPayloadKeys(file));
    const sealed = await codecOf(november, october).encode([payloadOf('approved')]);
    await expect(running.decode(sealed)).rejects.toThrow(/not in HALE_PAYLOAD_KEYS/);
    writeFileSync(file, `${november}\n${october}`);
    expect(defaultPayloadConverter.fromPayload((await running.decode(sealed))[0] ?? {})).toBe('approved');
    expect(keyIdOf((await running.encode([payloadOf('new')]))[0] ?? {})).toBe('2026-10');
  });

  it('takes a payload in clear as it is, since the Temporal UI sends such', async () => {
    expect(await codecOf(october).decode([payloadOf('by hand')])).toEqual([payloadOf('by hand')]);
  });

  it.each([
    ['of a key that is not there', [november], /key "2026-10", which is not in HALE_PAYLOAD_KEYS; known: 2026-11/],
    ['of another key under the same id', [another], /key 2026-10 can't be opened/],
  ])('refuses a payload %s, and never takes it as it stands', async (_, keys, sentence) => {
    const sealed = await codecOf(october).encode([payloadOf('secret')]);
    await expect(codecOf(...keys).decode(sealed)).rejects.toThrow(sentence);
  });

  it.each(['a bit of its text', 'the last letter of its text', 'its key id', 'its end'])(
    'refuses a payload of which somebody changed %s',
    async (what) => {
      const codec = codecOf(october, line('2026-09'));
      const [sealed = {}] = await codec.encode([payloadOf('secret')]);
      const data = Buffer.from(sealed.data ?? []);
      const changed: Payload =
        {
          'a bit of its text': { ...sealed, data: Buffer.from(data.map((byte, index) => (index === 14 ? byte ^ 1 : byte))) },
          // What it says then is JSON as before, so that nothing but the tag tells it.
          'the last letter of its text': {
            ...sealed,
            data: Buffer.from(data.map((byte, index) => (index === data.length - tagBytes - 2 ? byte ^ 1 : byte))),
          },
          'its key id': { ...sealed, metadata: { ...sealed.metadata, 'encryption-key-id': Buffer.from('2026-09') } },
          'its end': { ...sealed, data: data.subarray(0, -1) },
        }[what] ?? {};
      await expect(codec.decode([changed])).rejects.toThrow(/can't be opened/);
    },
  );

  it('codec off by accident: it is tried with a sentence before anything is said to Temporal, and missed where it is not', async () => {
    const converter = dataConverterOf(parsePayloadKeys(october, 'keys'));
    await expect(assertSeals(converter)).resolves.toBeUndefined();
    const notSealing = (encode: PayloadCodec['encode']) => assertSeals({ ...converter, payloadCodecs: [{ encode, decode: encode }] });
    const backwards = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).reverse();
    const pretending = { encoding: Buffer.from('binary/encrypted') };
    const missed = /payloads are not sealed although there are keys/;
    await expect(assertSeals({ ...converter, payloadCodecs: [] })).rejects.toThrow(missed);
    await expect(notSealing(async (all) => all.map((one) => ({ ...one, data: backwards(one.data) })))).rejects.toThrow(missed);
    await expect(notSealing(async (all) => all.map((one) => ({ ...one, metadata: pretending })))).rejects.toThrow(missed);
  });
});

describe('a file of payload keys', () => {
  it.each([
    ['is empty', '# nothing\n', /there is no key in it; allowed: one key a line/],
    ['has a short key', `${october}\nshort AAAA`, /keys:2: key short is not 32 bytes in base64 \(not shown\)/],
    ['has more behind the end of a key', `${october}AAAA`, /keys:1: key 2026-10 is not 32 bytes in base64 \(not shown\)/],
    ['has the key first', randomBytes(32).toString('base64').replace(/^./, '+'), /keys:1: the first word is no id of a key \(not shown/],
    ['has a key twice', `${october}\n${another}`, /keys:2: key 2026-10 is there twice/],
    ['has more on a line', `${october} old`, /keys:1: key 2026-10 has more after it/],
  ])('that %s is refused with its line and without the key', (_, text, sentence) => {
    expect(() => parsePayloadKeys(text, 'keys')).toThrow(sentence);
    for (const word of text.split(/\s+/).filter((one) => one.length > 40))
      expect(() => parsePayloadKeys(text, 'keys')).not.toThrow(new RegExp(word.slice(0, 20).replaceAll(/[+/]/g, '.')));
  });
});

describe('a hale that once sealed', () => {
  it('starts only with every key that it ever used, and notes a new one', async () => {
    const { pool } = await freshDatabase();
    const folder = await mkdtemp(join(tmpdir(), 'hale-keys-'));
    const take = (...lines: readonly string[]) => {
      if (lines.length === 0) return takePayloadKeys(pool, undefined);
      writeFileSync(join(folder, 'keys'), lines.join('\n'));
      return takePayloadKeys(pool, join(folder, 'keys'));
    };
    await expect(take()).resolves.toBeUndefined();
    await expect(take(october)).resolves.toMatchObject({ current: { id: '2026-10' } });
    await expect(take()).rejects.toThrow(/no keys were given; allowed: HALE_PAYLOAD_KEYS=FILE with key 2026-10/);
    await expect(take(november)).rejects.toThrow(/key 2026-10 is missing in HALE_PAYLOAD_KEYS/);
    await expect(take(another)).rejects.toThrow(/key 2026-10 in HALE_PAYLOAD_KEYS is not the one/);
    await take(november, october);
    await expect(take(october)).rejects.toThrow(/key 2026-11 is missing/);
  });

  it('starts without a key that a person retired after a newer one took its place, and never seals with it again', async () => {
    const { pool } = await freshDatabase();
    const file = join(await mkdtemp(join(tmpdir(), 'hale-keys-')), 'keys');
    const take = (...lines: readonly string[]) => {
      writeFileSync(file, lines.join('\n'), { mode: 0o600 });
      return takePayloadKeys(pool, file);
    };
    const order = { by: 'ada', reason: 'rotated', key: 'order/1' };
    const retire = (id: string) => postgresSwitches(pool).retirePayloadKey(id, 3, order);
    await take(october);
    expect(await retire('2026-10')).toMatch(/^no key was used after 2026-10; allowed: a new key above it/);
    await take(november, october);
    expect(await retire('2026-12')).toBe('hale never sealed with a key 2026-12; known: 2026-10, 2026-11');
    await expect(take(november)).rejects.toThrow('until `hale keys retire 2026-10` says that nothing needs it');
    expect(await retire('2026-10')).toBeUndefined();
    await expect(take(november)).resolves.toMatchObject({ current: { id: '2026-11' } });
    await expect(take(november, october)).resolves.toMatchObject({ current: { id: '2026-11' } });
    await expect(take(october, november)).rejects.toThrow(/key 2026-10 in HALE_PAYLOAD_KEYS was retired and seals no more/);
    await expect(take(november, another)).rejects.toThrow(/key 2026-10 in HALE_PAYLOAD_KEYS is not the one/);
    await expect(takePayloadKeys(pool, undefined)).rejects.toThrow(/no keys were given; allowed: HALE_PAYLOAD_KEYS=FILE with key 2026-11/);
    expect(await retire('2026-11')).toMatch(/^no key was used after 2026-11/);
    const { rows } = await pool.query(`select body::jsonb as body from events`);
    expect(rows).toMatchObject([{ body: { kind: 'payloadKey.retired', data: { by: 'ada', payloadKey: '2026-10', histories: 3 } } }]);
  });
});
