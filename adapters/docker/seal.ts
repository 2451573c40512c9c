import { createCipheriv, createDecipheriv, createHmac, randomBytes, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import type { SecretReference } from '../../domain/service.js';
import { secretOf } from '../../secrets/read.js';
import { DockerFailed } from './failure.js';
import { canonical, type Specification } from './specification.js';

const derive = promisify<string, string, number, Buffer>(scrypt);

/** Slow to make, so that each is made once; there are as many as containers and secrets. */
const cache = new Map<string, Promise<Buffer>>();
const cacheMax = 200;

function derived(text: string, salt: string): Promise<Buffer> {
  const key = JSON.stringify([salt, text]);
  const known = cache.get(key);
  if (known !== undefined) return known;
  if (cache.size >= cacheMax) cache.clear();
  const fresh = derive(text, salt, 32);
  cache.set(key, fresh);
  return fresh;
}

/** Keeps specifications so that only who has the secret can read them, and tells two of them apart. */
export interface Seal {
  /** The same for equal specifications. With a secret nobody else can tell from it what a value may be; without, only slowly. */
  identityOf(specification: Specification): Promise<string>;
  /** undefined without a secret: then nothing is kept. */
  close(specification: Specification): string | undefined;
  /** undefined where it was closed under another secret, or changed since. */
  open(sealed: string): Specification | undefined;
}

/** Throws where the secret can't be read. */
export async function sealWith(reference: SecretReference | undefined): Promise<Seal> {
  if (reference === undefined)
    return {
      identityOf: async (specification) => hex(await derived(canonical(specification), 'hale docker specification')),
      close: () => undefined,
      open: () => undefined,
    };
  const key = await derived(await sealing(reference), 'hale docker seal');
  return {
    identityOf: async (specification) => hex(createHmac('sha256', key).update(canonical(specification)).digest()),
    close: (specification) => encrypt(key, JSON.stringify(specification)),
    open: (sealed) => {
      const text = decrypt(key, sealed);
      return text === undefined ? undefined : (JSON.parse(text) as Specification);
    },
  };
}

const hex = (bytes: Buffer): string => bytes.toString('hex').slice(0, 24);

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

function encrypt(key: Buffer, text: string): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, key, nonce);
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64');
}

function decrypt(key: Buffer, sealed: string): string | undefined {
  const bytes = Buffer.from(sealed, 'base64');
  try {
    const cipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
    cipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
    return Buffer.concat([cipher.update(bytes.subarray(nonceBytes + tagBytes)), cipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

const sealing = (reference: SecretReference): Promise<string> =>
  secretOf(reference).catch(() => {
    throw new DockerFailed('refused', 'the secret that seals what is kept of containers is empty or not there');
  });
