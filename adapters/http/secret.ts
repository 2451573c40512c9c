import type { SecretHeader } from '../../domain/service.js';
import { headerSecretOf } from '../../secrets/read.js';
import { redacted } from '../../secrets/redact.js';

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
    Object.entries(secretHeaders).map(async ([name, { secret, scheme }]) => ({ name, scheme, value: await headerSecretOf(secret) })),
  );
  const own = read.map(({ name, scheme, value }) => [name, scheme === undefined ? value : `${scheme} ${value}`] as const);
  const values = read.map(({ value }) => value);
  return { headers: { ...headers, ...Object.fromEntries(own) }, redact: (text) => redacted(text, values) };
}
