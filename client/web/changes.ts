import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Intake } from '../../adapters/postgres/intake.js';
import { changeOfEvent, changesMax, readChange, type TakenChange } from '../../contracts/intake/change.js';
import { binaryEvent, structuredEvent } from '../../contracts/intake/cloud-event.js';
import { type Read, refuse } from '../../contracts/intake/refusal.js';
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
    const taken = reads.flatMap((one) => (one.kind === 'read' ? [one.value] : []));
    const refused = reads.flatMap((one, index) => (one.kind === 'refused' ? [{ change: index, ...one.refusal }] : []));
    const [first] = refused;
    if (first !== undefined && taken.length === 0) {
      const { code, message, hint } = first;
      return reply.code(422).send({ error: { code, message: `no change was kept: ${message}`, hint }, refused });
    }
    const kept = await intake.storeChanges(taken.map(({ change }) => change)).catch(() => {
      throw unavailable('databaseAway', 'the database does not answer in time: nothing is known to be kept', 5);
    });
    const ahead = taken.filter(({ isAhead }) => isAhead).length;
    const warnings = ahead === 0 ? [] : [`a time of ${ahead} lies ahead of this clock and was taken as now: check the sender's clock`];
    return reply.send({ kept, known: taken.length - kept, refused, warnings });
  });
}

function changesIn(request: FastifyRequest, type: string, body: unknown, services: readonly string[]): readonly Read<TakenChange>[] {
  const [now, source] = [Date.now(), request.source?.name ?? ''];
  const event = type === EVENT_TYPE ? structuredEvent(body) : binaryEvent(request.headers, body);
  if (event !== undefined) return [changeOfEvent(valueOf(event), source, services, now)];
  const list = Array.isArray(body) ? body : [body];
  if (list.length > changesMax) valueOf(refuse(413, 'tooManyChanges', `there are ${list.length} changes`, `at most ${changesMax} at once`));
  return list.map((one) => readChange(one, source, services, now));
}
