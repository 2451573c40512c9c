import { readFile } from 'node:fs/promises';
import type { SecretReference } from '../domain/service.js';

/**
 * The secret, without white space around it, since files end with a line break. Read at each use, so that a renewed
 * one counts at once and none is kept. Throws where it is not there or empty, without saying anything of its text.
 */
export async function secretOf(reference: SecretReference): Promise<string> {
  const secret = 'file' in reference ? await readFile(reference.file, 'utf8') : process.env[reference.env];
  const place = 'file' in reference ? `file ${reference.file}` : `environment variable ${reference.env}`;
  if (secret === undefined) throw new Error(`the ${place} with the secret is not set`);
  if (secret.trim() === '') throw new Error(`the secret in the ${place} is empty`);
  return secret.trim();
}
