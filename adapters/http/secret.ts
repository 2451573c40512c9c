import { readFile } from 'node:fs/promises';
import type { SecretHeader, SecretReference } from '../../domain/service.js';

/** Headers as they are sent, and how to take them out of what is told about the answer. */
export interface Headers {
  readonly headers: Readonly<Record<string, string>>;
  readonly redact: (text: string) => string;
}

/** Secrets are read at each use, so that a renewed one counts at once. Throws without saying anything of it. */
export async function withSecrets(
  headers: Readonly<Record<string, string>>,
  secretHeaders: Readonly<Record<string, SecretHeader>> = {},
): Promise<Headers> {
  const read = await Promise.all(
    Object.entries(secretHeaders).map(async ([name, { secret, scheme }]) => ({ name, scheme, value: await secretOf(secret) })),
  );
  const own = read.map(({ name, scheme, value }) => [name, scheme === undefined ? value : `${scheme} ${value}`] as const);
  const values = read.map(({ value }) => value);
  return { headers: { ...headers, ...Object.fromEntries(own) }, redact: (text) => values.reduce(without, text) };
}

/** Targets repeat what they were sent, plainly or as part of a URL, of JSON or of a log line. */
function without(text: string, secret: string): string {
  const forms = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), Buffer.from(secret).toString('base64')];
  return forms.reduce((rest, form) => rest.replaceAll(form, '(secret)'), text);
}

async function secretOf(reference: SecretReference): Promise<string> {
  const secret = 'file' in reference ? await readFile(reference.file, 'utf8') : process.env[reference.env];
  if (secret === undefined)
    throw new Error(`the environment variable ${'env' in reference ? reference.env : ''} with the secret is not set`);
  const value = secret.trim();
  if (value === '' || /[^\x20-\x7e]/.test(value)) throw new Error('the secret is empty, or has characters that no header can have');
  return value;
}
