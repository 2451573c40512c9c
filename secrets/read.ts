import { readFile } from 'node:fs/promises';
import type { SecretReference } from '../domain/service.js';

/**
 * The secret, without white space around it, since files end with a line break. Read at each use, so that a renewed
 * one counts at once and none is kept. Throws where it is not there or empty, without saying anything of its text.
 */
export async function secretOf(reference: SecretReference): Promise<string> {
  const secret = 'file' in reference ? await readFile(reference.file, 'utf8') : process.env[reference.env];
  if (secret === undefined) throw new Error(`the ${placeOf(reference)} with the secret is not set`);
  if (secret.trim() === '') throw new Error(`the secret in the ${placeOf(reference)} is empty`);
  return secret.trim();
}

/** A secret that becomes part of a header. One that could not would be repeated by whatever refuses the header. */
export async function headerSecretOf(reference: SecretReference): Promise<string> {
  const secret = await secretOf(reference);
  if (/^[\x20-\x7e]+$/.test(secret)) return secret;
  throw new Error(
    `the secret in the ${placeOf(reference)} has characters that no header can have (not shown); allowed: one line of ASCII letters, digits and signs`,
  );
}

/** A secret that is a whole URL, since who knows it may write there. User and password in it no request can have. */
export async function urlSecretOf(reference: SecretReference): Promise<string> {
  const secret = await secretOf(reference);
  const url = /\s/.test(secret) || !URL.canParse(secret) ? undefined : new URL(secret);
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') return secret;
  throw new Error(
    `the secret in the ${placeOf(reference)} is no URL to send to (not shown); allowed: one http or https URL without user and password`,
  );
}

const placeOf = (reference: SecretReference): string =>
  'file' in reference ? `file ${reference.file}` : `environment variable ${reference.env}`;
