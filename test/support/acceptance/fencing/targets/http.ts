import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Subject } from '../subject.js';
import type { Act } from '../trial.js';

/** A service behind HTTP that does whatever it is asked, and looks at no fence. */
export interface HttpTarget extends Subject {
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void;
}

export function httpTarget(service: string, web: string): HttpTarget {
  const acts: Act[] = [];
  const keys = new Set<string>();
  let done = -1;
  return {
    service,
    kind: 'http',
    privilege: 'network',
    fencedBy: 'self',
    correction: { http: `${web}/act/${service}`, verify: `${web}/did/${service}`, undo: 'nothingToRestore' },
    breakIt: async () => void (done = acts.length),
    isWell: () => acts.length > done,
    acts: () => acts,
    actLate: async (fence) =>
      void (await fetch(`${web}/act/${service}`, { method: 'POST', headers: { 'Idempotency-Key': 'late', 'Hale-Fence': fence } })),
    answer: (request, response) => {
      const key = String(request.headers['idempotency-key']);
      if (request.method === 'GET') return void response.writeHead(keys.has(key) ? 200 : 404).end();
      acts.push({ at: performance.timeOrigin + performance.now(), fence: String(request.headers['hale-fence']) });
      keys.add(key);
      request.resume();
      response.writeHead(200).end();
    },
  };
}
