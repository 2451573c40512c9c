import { ApplicationFailure } from '@temporalio/workflow';
import type { z } from 'zod';

/** A value as its schema sees it, or one sentence on what is wrong with it and how it should look. */
export type Heard<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly sentence: string };

/** The only way in for what people and machines send: `safeParse` is warmed up, everything else of zod is not. */
export function read<T>(schema: z.ZodType<T>, value: unknown, example: string): Heard<T> {
  // First: every field of a word has a default, so the envelope would pass for an empty one.
  if (isProtobufJson(value)) return { ok: false, sentence: `encoding: got json/protobuf, allowed: json/plain; for example ${example}` };
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, value: result.data };
  const issues = result.error.issues.map(
    (issue) => `${issue.path.join('.') || 'input'}: ${issue.message}, got ${shown(at(value, issue.path))}`,
  );
  return { ok: false, sentence: `${issues.slice(0, 5).join('; ')}; for example ${example}` };
}

/**
 * As `read`, for the workflow's own input: fails the workflow with a typed failure instead of retrying its task for ever.
 *
 * @param more what came after the one argument: nobody would look at it, and whoever sent it thinks that somebody does
 */
export function readOrFail<T>(schema: z.ZodType<T>, value: unknown, example: string, more: readonly unknown[] = []): T {
  if (more.length > 0) throw invalidInput(`input: got ${1 + more.length} arguments, allowed: one; for example ${example}`);
  const heard = read(schema, value, example);
  if (heard.ok) return heard.value;
  throw invalidInput(heard.sentence);
}

export const invalidInput = (sentence: string): ApplicationFailure =>
  ApplicationFailure.create({ message: sentence, type: 'InvalidInput', nonRetryable: true });

const isProtobufJson = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'encoding' in value && value.encoding === 'json/protobuf';

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let found = value;
  for (const key of path) found = typeof found === 'object' && found !== null ? (found as { [k: PropertyKey]: unknown })[key] : undefined;
  return found;
}

const shown = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 80));
