import type { FastifyRequest } from 'fastify';
import { readJson } from '../../contracts/intake/json.js';
import type { Read } from '../../contracts/intake/refusal.js';
import { Problem, refused } from './problem.js';

const JSON_TYPE = 'application/json';
export const EVENT_TYPE = 'application/cloudevents+json';

/** The media type of a request, when it is among these and in UTF-8. Throws `Problem`. */
export function mediaType(request: FastifyRequest, allowed: readonly string[] = [JSON_TYPE]): string {
  const [type = '', ...parameters] = (request.headers['content-type'] ?? '').toLowerCase().split(';');
  const charset = parameters.map((one) => one.trim()).find((one) => one.startsWith('charset='));
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  if (isUtf8 && allowed.includes(type.trim())) return type.trim();
  throw new Problem(415, 'wrongType', 'the content type is not one that is read here', `one of ${allowed.join(', ')}, in UTF-8`);
}

export const alertTypes = [JSON_TYPE, EVENT_TYPE];

/** The body as JSON. Throws `Problem`. */
export function jsonOf(request: FastifyRequest): unknown {
  return valueOf(readJson(Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)));
}

/** What was read. Throws what was refused as a `Problem`. */
export function valueOf<T>(one: Read<T>): T {
  if (one.kind === 'read') return one.value;
  throw refused(one.refusal);
}
