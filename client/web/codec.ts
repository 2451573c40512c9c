import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { payloadsFromJson, payloadsToJson } from '../../adapters/encryption/payloads-json.js';
import { jsonOf, mediaType } from './body.js';
import { Problem } from './problem.js';

/**
 * Temporal's remote codec protocol, so that the Temporal UI can show what is sealed. Whoever reaches it can have payloads
 * opened, so that it is there only where somebody named the page that may ask (docs/operating.md).
 */
export function codecRoutes(server: FastifyInstance, codec: PayloadCodec, origin: string): void {
  const allow = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const asking = request.headers.origin;
    if (asking !== origin)
      throw new Problem(403, 'notAllowed', `${asking ?? 'whoever sends no Origin'} may not have payloads opened`, `only ${origin} may`);
    reply.headers({ 'access-control-allow-origin': origin, vary: 'origin' });
    reply.headers({ 'access-control-allow-headers': 'content-type, x-namespace', 'access-control-allow-methods': 'POST' });
  };
  for (const verb of ['encode', 'decode'] as const) {
    server.options(`/codec/${verb}`, { onRequest: allow }, (_, reply) => reply.code(204).send());
    server.post(`/codec/${verb}`, { onRequest: allow }, async (request) => {
      mediaType(request, ['application/json']);
      return payloadsToJson(await opened(codec[verb], jsonOf(request)));
    });
  }
}

async function opened(work: PayloadCodec['encode'], json: unknown): Promise<Payload[]> {
  try {
    return await work(payloadsFromJson(json));
  } catch (error) {
    throw new Problem(400, 'badRequest', (error as Error).message, 'a JSON object {payloads: [...]} as Temporal writes it');
  }
}
