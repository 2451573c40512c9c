import { z } from 'zod';
import { text } from '../scalars.js';

/** Said by hale itself, or by which a request would be framed in another way: one of the file would be ignored, or do harm. */
const ownNames = [
  'Idempotency-Key',
  'Hale-Fence',
  'Host',
  'Connection',
  'Keep-Alive',
  'Upgrade',
  'Content-Length',
  'Transfer-Encoding',
  'Trailer',
  'Expect',
];
const own = new Set(ownNames.map((one) => one.toLowerCase()));

const nameError = 'the name of a header in letters, digits and dashes, such as X-Token';
const name = z
  .string()
  .regex(/^[\w!#$%&'*+.^`|~-]{1,200}$/, { error: nameError })
  .refine((word) => !own.has(word.toLowerCase()), { error: `any header but those that hale sets itself: ${ownNames.join(', ')}` });

const valueError = 'a text of one line, or {secret: NAME} or {bearer: NAME} with the name of an entry of secrets';
/** What a header can hold: on one line, and of characters that are one byte each. */
const line = z.string().regex(/^[\t\x20-\x7E\x80-\xFF]*$/, { error: valueError });
const value = z.union([line, z.strictObject({ secret: text }), z.strictObject({ bearer: text })], { error: valueError });

/** Headers of a request by their names. */
export const headers = z.record(name, value);
