import { Agent, request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

/** One request with alerts, as a source sends it. */
export interface Sending {
  readonly source: string;
  readonly alerts: readonly unknown[];
}

export interface Sent {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly ms: number;
}

/** Sends all within this time, evenly, each at its moment whatever became of those before; answers in the same order. */
export async function sendAll(
  web: string,
  tokens: Readonly<Record<string, string>>,
  sendings: readonly Sending[],
  withinMs: number,
): Promise<readonly Sent[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 200 });
  const began = performance.now();
  const sent = await Promise.all(
    sendings.map(async (sending, index) => {
      await wait(Math.max(0, began + (index * withinMs) / sendings.length - performance.now()));
      return send(agent, web, tokens[sending.source] ?? '', sending);
    }),
  );
  agent.destroy();
  return sent;
}

function send(agent: Agent, web: string, token: string, { source, alerts }: Sending): Promise<Sent> {
  const began = performance.now();
  const body = JSON.stringify({ version: '4', groupKey: '{}:{}', status: 'firing', receiver: 'hale', alerts });
  return new Promise((resolve) => {
    const done = (status: number, retryAfter?: string): void => resolve({ status, retryAfter, ms: performance.now() - began });
    const post = request(
      `${web}/api/alerts/alertmanager/${source}`,
      {
        agent,
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, 'content-length': Buffer.byteLength(body) },
      },
      (response) => {
        response.resume();
        response.once('end', () => done(response.statusCode ?? 0, response.headers['retry-after']));
      },
    );
    post.once('error', () => done(0));
    post.end(body);
  });
}

/** The value below which this share of them lies; NaN when there is none, which is within no bound. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
