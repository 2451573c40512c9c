import { readFile } from 'node:fs/promises';
import type { SecretReference } from '../../domain/service.js';

/** Read at each use, so that a renewed secret counts at once and none is kept. Throws without saying anything of it. */
export async function secretOf(reference: SecretReference): Promise<string> {
  if ('file' in reference) return (await readFile(reference.file, 'utf8')).trim();
  const secret = process.env[reference.env];
  if (secret === undefined) throw new Error(`the environment variable ${reference.env} with the secret is not set`);
  return secret;
}

/** A secret that is a whole URL, since who knows it may write there. */
export async function secretUrl(reference: SecretReference): Promise<string> {
  const url = await secretOf(reference);
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
  throw new Error('the secret is no http or https URL');
}
