import type pg from 'pg';
import { assertSeals, dataConverterOf } from '../adapters/encryption/data-converter.js';
import { namesOf, type PayloadKeys, PayloadKeysRefused, readPayloadKeys } from '../adapters/encryption/keys.js';
import { pledgePayloadKeys } from '../adapters/postgres/payload-keys.js';

/**
 * The keys of this file, tried; undefined without a file. Throws `PayloadKeysRefused`: with wrong keys hale would fail every
 * workflow that others sealed, and without any it would write in clear what they seal.
 */
export async function takePayloadKeys(pool: pg.Pool, file: string | undefined): Promise<PayloadKeys | undefined> {
  const keys = file ? readPayloadKeys(file) : undefined;
  if (keys !== undefined) await assertSeals(dataConverterOf(keys));
  const why = await pledgePayloadKeys(pool, keys === undefined ? [] : namesOf(keys));
  if (why !== undefined) throw new PayloadKeysRefused(why);
  return keys;
}
