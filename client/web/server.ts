import fastify, { type FastifyError, type FastifyInstance, type FastifyRequest } from 'fastify';
import type { Intake } from '../../adapters/postgres/intake.js';
import { alertRoutes } from './alerts.js';
import { changeRoutes } from './changes.js';
import { Door } from './door.js';
import { Counters, metricsRoute } from './metrics.js';
import { Places } from './places.js';
import { Problem, sendProblem, unavailable } from './problem.js';

const bodyBytesMax = 256 * 1024;
/** A request must be here as a whole within this time, however slowly its bytes come. */
const requestMsMax = 10_000;
const inFlightMax = 64;
/** Of those, how many may wait for the database: few, so that whoever is let in is answered soon, and the others at once. */
const storingMax = 16;

/** For whoever opens the address in a browser. */
const whatIsHere = {
  hale: 'takes alerts and changes here; its page for people comes later: until then `hale status --watch` and the Temporal UI show what it does',
  paths: {
    'GET /healthz': 'ok while the database answers',
    'GET /metrics': 'for Prometheus',
    'POST /api/alerts/alertmanager/SOURCE': 'the webhook of Alertmanager',
    'POST /api/alerts/SOURCE': 'plain alerts and CloudEvents',
    'POST /api/changes': 'changes',
  },
  more: 'docs/intake.md',
};

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
  const [inFlight, storing] = [new Places(inFlightMax), new Places(storingMax)];
  server.addHook('onRequest', async (request, reply) => {
    // Before its body is awaited: what nobody takes needs no place.
    if (request.is404) throw new Problem(404, 'notFound', 'there is nothing here', 'docs/intake.md lists what there is');
    if (isIntake(request)) inFlight.take(reply);
  });
  server.addHook('preHandler', async (request, reply) => {
    if (isIntake(request)) storing.take(reply);
  });
  server.addHook('onRequest', async (request) => {
    if (request.headers['content-encoding'] !== undefined)
      throw new Problem(415, 'wrongType', 'the body is compressed', 'send it as it is, without content-encoding');
  });
  server.addHook('onResponse', async (request, reply) => {
    if (request.url.startsWith('/api/')) counters.answered(reply.statusCode);
  });
  server.get('/', async () => whatIsHere);
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

/** Whoever watches hale itself is answered however many send. By its route: a path may be written in other ways. */
const isIntake = ({ routeOptions }: FastifyRequest): boolean => routeOptions.url?.startsWith('/api/') ?? false;

function problemOf(error: FastifyError | Problem): Problem {
  if (error instanceof Problem) return error;
  const status = error.statusCode ?? 500;
  if (status === 413) return new Problem(413, 'tooLarge', `the body is larger than ${bodyBytesMax} bytes`, 'send fewer alerts at once');
  if (status < 500) return new Problem(status, 'badRequest', error.message, 'docs/intake.md shows what can be sent');
  console.error(`web: ${error.stack ?? error.message}`);
  return new Problem(500, 'bug', 'this is a bug in hale', 'the log of the web process tells more');
}
