import type { IncomingMessage, ServerResponse } from 'node:http';
import { serve } from './listen.js';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** A real HTTP server that keeps what it is sent. */
export interface Receiver {
  readonly url: string;
  readonly received: readonly Received[];
  /** What of this kind was sent, as JSON. */
  readonly bodies: () => unknown[];
  /** Waits until so many requests have come. */
  readonly count: (wanted: number) => Promise<void>;
}

export type Answering = (request: Received, response: ServerResponse, number: number) => void;

export const ok: Answering = (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{}');

/** Takes the connection and never answers. */
export const hangs: Answering = () => undefined;

export const status =
  (code: number, headers: Readonly<Record<string, string>> = {}): Answering =>
  (_, response) =>
    void response.writeHead(code, headers).end('no');

export async function receiver(answer: Answering = ok): Promise<Receiver> {
  const received: Received[] = [];
  const waiting: (() => void)[] = [];
  const url = await serve((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        text: Buffer.concat(chunks).toString('utf8'),
      };
      received.push(one);
      answer(one, response, received.length);
      for (const wake of waiting.splice(0)) wake();
    });
  });
  return {
    url,
    received,
    bodies: () => received.map(({ text }) => JSON.parse(text) as unknown),
    count: async (wanted) => {
      while (received.length < wanted) await new Promise<void>((resolve) => waiting.push(resolve));
    },
  };
}
