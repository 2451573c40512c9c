import type { FastifyReply } from 'fastify';
import type { Refusal } from '../../contracts/intake/refusal.js';

/** An answer that is no success: what went wrong, in words for people, and what to do about it. */
export class Problem extends Error {
  override readonly name = 'Problem';

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint: string,
    readonly retryAfterS?: number,
  ) {
    super(message);
  }
}

export const refused = ({ status, code, message, hint }: Refusal): Problem => new Problem(status, code, message, hint);

/** The same for a source that is not known and a token that is wrong: nobody learns which sources there are. */
export const unauthorized = (): Problem =>
  new Problem(
    401,
    'notAllowed',
    'this source and token are not known',
    'send Authorization: Bearer TOKEN; docs/intake.md says where both are configured',
  );

export const unavailable = (code: string, message: string, retryAfterS: number): Problem =>
  new Problem(503, code, message, 'send it again after the seconds in Retry-After; nothing of it is lost by that', retryAfterS);

export function sendProblem(reply: FastifyReply, { status, code, message, hint, retryAfterS }: Problem): FastifyReply {
  if (retryAfterS !== undefined) reply.header('retry-after', String(retryAfterS));
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  return reply.code(status).send({ error: { code, message, hint } });
}
