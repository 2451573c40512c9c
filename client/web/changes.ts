import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Intake } from '../../adapters/postgres/intake.js';
import { changeOfEvent, changesMax, readChange } from '../../contracts/intake/change.js';
import { binaryEvent, structuredEvent } from '../../contracts/intake/cloud-event.js';
import { type Read, refuse } from '../../contracts/intake/refusal.js';
import type { Change } from '../../domain/change.js';
import { alertTypes, EVENT_TYPE, jsonOf, mediaType, valueOf } from './body.js';
import type { Door } from './door.js';
import { unavailable } from './problem.js';

/** Changes that people and machines report. Kept before they are answered, as alerts are. */
export function changeRoutes(server: FastifyInstance, intake: Intake, door: Door): void {
  const letIn = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    request.source = await door.admit(request, reply, 'changes');
  };
  server.post('/api/changes', { onRequest: letIn }, async (request, reply) => {
    const type = mediaType(request, alertTypes);
    const reads = changesIn(request, type, jsonOf(request), await door.services());
    const changes = reads.flatMap((one) => (one.kind === 'read' ? [one.value] : []));
    const refused = reads.flatMap((one, index) => (one.kind === 'refused' ? [{ change: index, ...one.refusal }] : []));
    const [first] = refused;
    if (first !== undefined && changes.length === 0) {
      const { code, message, hint } = first;
      return reply.code(422).send({ error: { code, message: `no change was kept: ${message}`, hint }, refused });
    }
    const kept = await intake.storeChanges(changes).catch(() => {
      throw unavailable('databaseAway', 'the database does not answer in time: nothing is known to be kept', 5);
    });
    return reply.send({ kept, known: changes.length - kept, refused });
  });
}

function changesIn(request: FastifyRequest, type: string, body: unknown, services: readonly string[]): readonly Read<Change>[] {
  const [now, source] = [Date.now(), request.source?.name ?? ''];
  const event = type === EVENT_TYPE ? structuredEvent(body) : binaryEvent(request.headers, body);
  if (event !== undefined) return [changeOfEvent(valueOf(event), source, services, now)];
  const list = Array.isArray(body) ? body : [body];
  if (list.length > changesMax) valueOf(refuse(413, 'tooManyChanges', `there are ${list.length} changes`, `at most ${changesMax} at once`));
  return list.map((one) => readChange(one, source, services, now));
}
