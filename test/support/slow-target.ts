import { serve } from './listen.js';

/** A real HTTP target that takes its time: it acts `actMs` after it was asked, whether or not the asker is still there. */
export interface SlowTarget {
  readonly url: string;
  /** Action ids in the order in which acts were asked for. */
  readonly asked: string[];
}

/** Healthy at `/health` once `reload` was done; `GET /did` says whether the act of an `Idempotency-Key` is done. */
export async function slowTarget(actMs: number): Promise<SlowTarget> {
  const asked: string[] = [];
  const done = new Set<string>();
  let isWell = false;
  const url = await serve((request, response) => {
    const key = String(request.headers['idempotency-key']);
    request.resume();
    if (request.url === '/health') return response.writeHead(isWell ? 200 : 503).end();
    if (request.method === 'GET') return response.writeHead(done.has(key) ? 200 : 404).end();
    asked.push(key);
    setTimeout(() => {
      done.add(key);
      isWell ||= request.url === '/reload';
      response.writeHead(200).end();
    }, actMs);
  });
  return { url, asked };
}
