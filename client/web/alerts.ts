import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Intake } from '../../adapters/postgres/intake.js';
import { alertsMax, batchOf, type AlertBatch, tooMany } from '../../contracts/intake/alert.js';
import { readAlertmanager } from '../../contracts/intake/alertmanager.js';
import { binaryEvent, structuredEvent } from '../../contracts/intake/cloud-event.js';
import { alertOfEvent, readPlainAlert } from '../../contracts/intake/plain-alert.js';
import type { IntakeSource } from '../../domain/alert.js';
import { alertTypes, EVENT_TYPE, jsonOf, mediaType, valueOf } from './body.js';
import type { Door } from './door.js';
import type { Counters } from './metrics.js';
import { unavailable } from './problem.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sends it, once it was let in. */
    source?: IntakeSource;
  }
}

interface Parts {
  readonly intake: Intake;
  readonly door: Door;
  readonly counters: Counters;
}

type Named = { Params: { source: string } };

/** Alerts are kept before they are answered: 2xx means that they are in the database. What becomes of them is a worker's. */
export function alertRoutes(server: FastifyInstance, { intake, door, counters }: Parts): void {
  const letIn =
    (accepts: IntakeSource['accepts']) =>
    async (request: FastifyRequest<Named>, reply: FastifyReply): Promise<void> => {
      request.source = await door.admit(request, reply, accepts, request.params.source);
    };
  const keep = async (request: FastifyRequest, reply: FastifyReply, batch: AlertBatch): Promise<FastifyReply> => {
    const source = request.source?.name ?? '';
    const stored = await intake.storeAlerts(source, batch.alerts).catch(() => {
      throw unavailable('databaseAway', 'the database does not answer in time: nothing is known to be kept', 5);
    });
    counters.alerts(source, { stored, again: batch.alerts.length - stored, refused: batch.refused.length });
    return answer(reply, batch, stored);
  };
  server.post<Named>('/api/alerts/alertmanager/:source', { onRequest: letIn('alertmanager') }, (request, reply) => {
    mediaType(request);
    return keep(request, reply, valueOf(readAlertmanager(jsonOf(request), Date.now())));
  });
  server.post<Named>('/api/alerts/:source', { onRequest: letIn('alerts') }, (request, reply) => {
    const type = mediaType(request, alertTypes);
    return keep(request, reply, genericBatch(request, type, jsonOf(request), Date.now()));
  });
}

/** One alert or a list of them, in the plain shape or as CloudEvents. */
function genericBatch(request: FastifyRequest, type: string, body: unknown, now: number): AlertBatch {
  if (type === EVENT_TYPE) return batchOf([alertOfEvent(valueOf(structuredEvent(body)), now)]);
  const event = binaryEvent(request.headers, body);
  if (event !== undefined) return batchOf([alertOfEvent(valueOf(event), now)]);
  const list = Array.isArray(body) ? body : [body];
  if (list.length > alertsMax) valueOf(tooMany(list.length));
  return batchOf(list.map((one) => readPlainAlert(one, now)));
}

/** 422 when nothing of it could be kept; else what was refused is told beside what was kept. */
function answer(reply: FastifyReply, { alerts, refused, truncated }: AlertBatch, stored: number): FastifyReply {
  const [first] = refused;
  const errors = refused.map(({ index, refusal: { status, code, message, hint } }) => ({ alert: index, status, code, message, hint }));
  if (first !== undefined && alerts.length === 0) {
    const { code, message, hint } = first.refusal;
    return reply.code(422).send({ error: { code, message: `no alert was kept: ${message}`, hint }, refused: errors });
  }
  const ahead = alerts.filter(({ aheadMs }) => aheadMs !== undefined).length;
  const warnings = [
    ...(ahead === 0 ? [] : [`the start of ${ahead} lies ahead of this clock and was taken as now: check the sender's clock`]),
    ...(truncated === 0 ? [] : [`${truncated} more were left out by the sender: this request is incomplete`]),
  ];
  return reply.code(200).send({ kept: stored, known: alerts.length - stored, refused: errors, warnings });
}
