import { readFileSync } from 'node:fs';
import type { SecretReference } from '../../domain/service.js';

/**
 * The public half of a key as authorized_keys has it, where the key lies here and is in OpenSSH's own format; else the command
 * that prints it where it lies.
 */
export const publicKeyOf = (key: SecretReference): string =>
  publicKeyIn(textOf(key)) ?? ('file' in key ? `$(ssh-keygen -y -f ${key.file})` : `$(printenv ${key.env} | ssh-keygen -y -f /dev/stdin)`);

function textOf(key: SecretReference): string {
  if ('env' in key) return process.env[key.env] ?? '';
  try {
    return readFileSync(key.file, 'utf8');
  } catch {
    return '';
  }
}

const magic = 'openssh-key-v1\0';

/** It lies in clear before the private half, also where that is encrypted: cipher, how its key is made, with what, how many keys, the first one. */
function publicKeyIn(text: string): string | undefined {
  const [, base64 = ''] = /^-----BEGIN OPENSSH PRIVATE KEY-----([^-]+)-----END/.exec(text.trim()) ?? [];
  const bytes = Buffer.from(base64, 'base64');
  if (!bytes.toString('latin1').startsWith(magic)) return undefined;
  try {
    const [cipherAt, countBytes] = [magic.length, 4];
    const keyAt = endOf(bytes, endOf(bytes, endOf(bytes, cipherAt))) + countBytes;
    const key = bytes.subarray(keyAt + 4, endOf(bytes, keyAt));
    return `${key.toString('latin1', 4, endOf(key, 0))} ${key.toString('base64')}`;
  } catch {
    return undefined;
  }
}

/** Where a text ends that begins with its length. Throws beyond the end. */
function endOf(bytes: Buffer, at: number): number {
  const end = at + 4 + bytes.readUInt32BE(at);
  if (end > bytes.length) throw new RangeError('the key is cut off');
  return end;
}
