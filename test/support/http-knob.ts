import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';

type Manner = 'well' | 'badly' | 'silent' | 'hanging' | 'refusing' | 'moving' | 'endless';

/** A real HTTP server with a state and a ledger of its own. `PUT /state` acts, `GET /state` says whether an action was done. */
export interface HttpKnob {
  readonly url: string;
  /** `idempotency key, fence, body`, one for each act. */
  readonly ledger: string[];
  state: string;
  manner: Manner;
  /** How often `GET /state` answers 503 from now on. */
  unready: number;
  readonly close: () => Promise<void>;
}

export async function freshHttpKnob(): Promise<HttpKnob> {
  const server = createServer((request, response) => void answer(knob, request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const close = async () => {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(close);
  const knob: HttpKnob = { url: `http://127.0.0.1:${port}/state`, ledger: [], state: 'off', manner: 'well', unready: 0, close };
  return knob;
}

async function answer(knob: HttpKnob, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const key = String(request.headers['idempotency-key']);
  if (request.method === 'GET') {
    if (knob.unready-- > 0) return void response.writeHead(503).end();
    const known = knob.ledger.some((line) => line.startsWith(`${key}|`));
    response.writeHead(known ? 200 : 404, { etag: `"${knob.state}"` }).end();
    return;
  }
  let body = '';
  for await (const chunk of request) body += String(chunk);
  if (knob.manner === 'hanging') return;
  if (knob.manner === 'refusing') return void response.writeHead(409).end('a newer fence was seen');
  if (knob.manner === 'moving') return void response.writeHead(307, { location: 'http://169.254.169.254/' }).end();
  const ifMatch = request.headers['if-match'];
  if (ifMatch !== undefined && ifMatch !== `"${knob.state}"`) return void response.writeHead(412).end();
  knob.ledger.push(`${key}|${String(request.headers['hale-fence'])}|${body}`);
  knob.state = body;
  if (knob.manner === 'silent') return void request.socket.destroy();
  if (knob.manner === 'badly') return void response.writeHead(500).end('it broke');
  response.writeHead(200);
  if (knob.manner === 'endless') response.write('x'.repeat(200_000));
  else response.end();
}
