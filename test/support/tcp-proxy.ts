import { connect, createServer, type Socket } from 'node:net';
import { listen } from './listen.js';

/** A real TCP proxy in front of a server, whose line can go dead in the two ways that matter. */
export interface TcpProxy {
  readonly port: number;
  /** The next request that contains `text` does not arrive, nor does anything after it; connections stay open. */
  readonly stopAt: (text: string) => void;
  /** The next request that contains `text` reaches the server; its answer does not come back and the line is cut. */
  readonly cutAfter: (text: string) => void;
  /** The first answer from when this is so does not come back, and the line is cut. */
  readonly cutWhen: (isDone: () => boolean) => void;
  /** Cuts every connection and refuses others from now on. */
  readonly close: () => Promise<void>;
}

export async function tcpProxy(host: string, port: number): Promise<TcpProxy> {
  let stopped = false;
  let stopText: string | undefined;
  let cutText: string | undefined;
  let isDone = () => false;
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    clients.add(client.on('close', () => clients.delete(client)));
    const upstream = connect(port, host);
    let deaf = false;
    pipe(client, upstream, (chunk) => {
      if (cutText !== undefined && chunk.includes(cutText)) deaf = true;
      if (stopText !== undefined && chunk.includes(stopText)) stopped = true;
      return !stopped;
    });
    pipe(upstream, client, () => {
      if (isDone()) {
        deaf = true;
        isDone = () => false;
      }
      if (deaf) client.destroy();
      return !stopped && !deaf;
    });
  });
  const at = await listen(server);
  return {
    port: at,
    stopAt: (text) => void (stopText = text),
    cutAfter: (text) => void (cutText = text),
    cutWhen: (isSo) => void (isDone = isSo),
    close: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const client of clients) client.destroy();
      return closed;
    },
  };
}

function pipe(from: Socket, to: Socket, passes: (chunk: Buffer) => boolean): void {
  from.on('data', (chunk: Buffer) => void (passes(chunk) && to.write(chunk)));
  from.on('close', () => to.destroy()).on('error', () => undefined);
}
