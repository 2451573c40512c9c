import { redacted } from './redact.js';

/**
 * What kept a request from being answered, without these secrets. fetch hides the reason in the cause, and some reasons
 * repeat what was asked; so nothing of the error goes on but its words and its code.
 */
export function failureOf(error: unknown, secrets: readonly string[]): Error {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
  const why = cause instanceof Error ? cause.message || code || cause.name : String(cause);
  return Object.assign(new Error(redacted(why, secrets)), code !== undefined && { code });
}
