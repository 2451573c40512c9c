import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify';
import type { Intake } from '../../adapters/postgres/intake.js';
import { alertRoutes } from './alerts.js';
import { changeRoutes } from './changes.js';
import { Door } from './door.js';
import { Counters, metricsRoute } from './metrics.js';
import { Problem, sendProblem, unavailable } from './problem.js';

const bodyBytesMax = 256 * 1024;
/** A request must be here as a whole within this time, however slowly its bytes come. */
const requestMsMax = 10_000;
/** More at once would only wait, in memory. */
const inFlightMax = 64;
/** Of those, how many may wait for the database: few, so that whoever is let in is answered soon, and the others at once. */
const storingMax = 16;

/** hale on HTTP. It is not listening yet. */
export function webServer(intake: Intake, requestMs = requestMsMax): FastifyInstance {
  const server = fastify({
    bodyLimit: bodyBytesMax,
    requestTimeout: requestMs,
    http: { connectionsCheckingInterval: requestMs / 10, headersTimeout: requestMs, maxHeaderSize: 16_384 },
    routerOptions: { maxParamLength: 200 },
  });
  const counters = new Counters();
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
  server.setErrorHandler<FastifyError>((error, _, reply) => sendProblem(reply, problemOf(error)));
  server.setNotFoundHandler((_, reply) =>
    sendProblem(reply, new Problem(404, 'notFound', 'there is nothing here', 'docs/intake.md lists what there is')),
  );
  bounded(server, 'onRequest', inFlightMax);
  bounded(server, 'preHandler', storingMax);
  server.addHook('onRequest', async (request) => {
    if (request.headers['content-encoding'] !== undefined)
      throw new Problem(415, 'wrongType', 'the body is compressed', 'send it as it is, without content-encoding');
  });
  server.addHook('onResponse', async (request, reply) => {
    if (request.url.startsWith('/api/')) counters.answered(reply.statusCode);
  });
  server.get('/healthz', async () => {
    await intake.ping().catch(() => {
      throw unavailable('databaseAway', 'the database does not answer', 5);
    });
    return { ok: true };
  });
  const door = new Door(intake);
  alertRoutes(server, { intake, door, counters });
  changeRoutes(server, intake, door);
  metricsRoute(server, intake, counters);
  return server;
}

/** No more than this many at once from this step on: what is too much costs next to nothing. */
function bounded(server: FastifyInstance, step: 'onRequest' | 'preHandler', max: number): void {
  let now = 0;
  const take = async (_: unknown, reply: FastifyReply): Promise<void> => {
    if (now >= max) throw unavailable('busy', `${max} requests are being answered`, 1);
    now += 1;
    reply.raw.once('close', () => (now -= 1));
  };
  if (step === 'onRequest') server.addHook('onRequest', take);
  else server.addHook('preHandler', take);
}

function problemOf(error: FastifyError | Problem): Problem {
  if (error instanceof Problem) return error;
  const status = error.statusCode ?? 500;
  if (status === 413) return new Problem(413, 'tooLarge', `the body is larger than ${bodyBytesMax} bytes`, 'send fewer alerts at once');
  if (status < 500) return new Problem(status, 'badRequest', error.message, 'docs/intake.md shows what can be sent');
  console.error(`web: ${error.stack ?? error.message}`);
  return new Problem(500, 'bug', 'this is a bug in hale', 'the log of the web process tells more');
}
