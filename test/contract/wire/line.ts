import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import type { Address } from './bench.js';

interface Connection {
  readonly client: Socket;
  readonly target: Socket;
  /** Nothing passes any more, in this direction. */
  deafUp: boolean;
  deafDown: boolean;
}

/** What is to happen at certain bytes: they don't pass, or they pass and nothing comes back. */
export type Break = 'before' | 'after';

/** A TCP line to a target that can be broken in the ways that matter. */
export class Line {
  readonly port: number;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  readonly #address: Address;
  #refuses = false;
  #delayMs = 0;
  #holdsWhen: (() => boolean) | undefined;
  #armed: { readonly isIt: (bytes: Buffer) => boolean; readonly how: Break; readonly reached: () => void } | undefined;

  private constructor(server: Server, port: number, address: Address) {
    this.#server = server;
    this.port = port;
    this.#address = address;
    server.on('connection', (client) => this.#join(client));
  }

  static async to(address: Address): Promise<Line> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const at = server.address();
    return new Line(server, typeof at === 'object' && at !== null ? at.port : 0, address);
  }

  /** From now on nobody gets through, and who is through is cut off. */
  refuse(): void {
    this.#refuses = true;
    this.cut();
  }

  /** Every piece takes so much longer. */
  slow(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  /** Breaks at the first bytes of which this is so; the promise ends when they have come. */
  breakAt(isIt: (bytes: Buffer) => boolean, how: Break): Promise<void> {
    return new Promise((reached) => (this.#armed = { isIt, how, reached }));
  }

  /** The first piece of an answer that comes when this is so does not pass, nor does anything after it on its connection. */
  holdAnswersWhen(isSo: () => boolean): void {
    this.#holdsWhen = isSo;
  }

  /** As good as new, for new connections. */
  heal(): void {
    this.#refuses = false;
    this.#delayMs = 0;
    this.#armed = undefined;
    this.#holdsWhen = undefined;
  }

  /** Resets every connection, as a router does that was started anew. */
  cut(): void {
    for (const { client, target } of this.#connections) {
      // What is closing already can't be reset, and Node 20 would wait for it for ever at its end.
      if (client.writableEnded) client.destroy();
      else client.resetAndDestroy();
      target.destroy();
    }
    this.#connections.clear();
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(client: Socket): void {
    client.on('error', () => undefined);
    if (this.#refuses) return void client.resetAndDestroy();
    const target = 'path' in this.#address ? connect(this.#address.path) : connect(this.#address.port, this.#address.host);
    const connection: Connection = { client, target, deafUp: false, deafDown: false };
    this.#connections.add(connection);
    target.on('error', () => undefined);
    client.on('data', (bytes: Buffer) => this.#up(connection, bytes));
    target.on('data', (bytes: Buffer) => this.#down(connection, bytes));
    client.on('close', () => target.destroy());
    target.on('close', () =>
      this.#late(() => {
        if (!connection.deafDown) client.end();
      }),
    );
  }

  #up(connection: Connection, bytes: Buffer): void {
    const armed = this.#armed;
    if (armed?.isIt(bytes) === true) {
      this.#armed = undefined;
      connection.deafDown = true;
      connection.deafUp = armed.how === 'before';
      armed.reached();
    }
    const isDeaf = connection.deafUp;
    this.#pass(bytes, connection.target, () => !isDeaf);
  }

  #down(connection: Connection, bytes: Buffer): void {
    if (this.#holdsWhen?.() === true) {
      this.#holdsWhen = undefined;
      connection.deafDown = true;
    }
    this.#pass(bytes, connection.client, () => !connection.deafDown);
  }

  #pass(bytes: Buffer, to: Socket, passes: () => boolean): void {
    this.#late(() => {
      if (passes() && !to.destroyed) to.write(bytes);
    });
  }

  /** What comes late keeps its order. */
  #late(work: () => void): void {
    if (this.#delayMs === 0) work();
    else setTimeout(work, this.#delayMs);
  }
}
