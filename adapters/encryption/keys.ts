import { createHmac } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';

/** One AES-256 key and the id under which payloads name it. */
export interface PayloadKey {
  readonly id: string;
  readonly key: Buffer;
}

/** The first key seals; every other one only opens what it once sealed. */
export interface PayloadKeys {
  readonly current: PayloadKey;
  readonly byId: ReadonlyMap<string, Buffer>;
  /** The keys as their file has them now; absent where they are from no file. */
  readonly readAgain?: () => PayloadKeys;
}

/** What is wrong with a file of payload keys; the sentence never shows a key. */
export class PayloadKeysRefused extends Error {
  override readonly name = 'PayloadKeysRefused';
}

const bytesOfKey = 32;
const idPattern = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/;
const example = `one key a line, the current one first: "2026-11 " and 32 bytes in base64, as from \`openssl rand -base64 ${bytesOfKey}\``;

/** Reads a file of payload keys. Throws `PayloadKeysRefused` naming the line. */
export function readPayloadKeys(file: string): PayloadKeys {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new PayloadKeysRefused(`HALE_PAYLOAD_KEYS: ${file} can't be read (${(error as Error).message}); allowed: a file with ${example}`);
  }
  return { ...parsePayloadKeys(text, file), readAgain: () => readPayloadKeys(file) };
}

/** What is to be said of a file of keys that others than its owner and group may read; a mounted secret may have no other mode. */
export const opennessOf = (file: string): string | undefined =>
  (statSync(file).mode & 0o004) === 0 ? undefined : `${file} can be read by everybody on this machine; allowed: chmod 600 ${file}`;

export function parsePayloadKeys(text: string, file: string): PayloadKeys {
  const byId = new Map<string, Buffer>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [id = '', base64 = '', ...more] = line.trim().split(/\s+/);
    const key = Buffer.from(base64, 'base64');
    const refuse = (what: string) => new PayloadKeysRefused(`${file}:${index + 1}: ${what}; allowed: ${example}`);
    if (!idPattern.test(id)) throw refuse('the first word is no id of a key (not shown: it may be the key)');
    if (more.length > 0) throw refuse(`key ${id} has more after it`);
    if (key.length !== bytesOfKey || key.toString('base64') !== base64)
      throw refuse(`key ${id} is not ${bytesOfKey} bytes in base64 (not shown)`);
    if (byId.has(id)) throw refuse(`key ${id} is there twice`);
    byId.set(id, key);
  }
  const [first] = byId;
  if (first === undefined) throw new PayloadKeysRefused(`${file}: there is no key in it; allowed: ${example}`);
  return { current: { id: first[0], key: first[1] }, byId };
}

/** A key's id with a value that tells two keys apart and not what they are. */
export const namesOf = ({ byId }: PayloadKeys): { id: string; fingerprint: string }[] =>
  [...byId].map(([id, key]) => ({ id, fingerprint: createHmac('sha256', key).update('hale payload key').digest('hex').slice(0, 32) }));
