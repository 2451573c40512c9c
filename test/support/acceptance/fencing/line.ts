import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A statement with its parameters, as a client sent it. */
export interface Question {
  readonly sql: string;
  readonly values: readonly (string | null)[];
}

/** An answer that has left the server and not reached the client yet. */
export interface HeldAnswer {
  readonly question: Question;
  /** The client's end of its connection. */
  readonly clientPort: number;
  /** Hands it to the client's socket before it returns. */
  readonly release: () => void;
}

/** Who listens to a line. `asked` says whether the answer to this question is to be held. */
export interface Listener {
  asked(question: Question): boolean;
  held(answer: HeldAnswer): void;
  /** It has been handed to the client's socket. */
  answered(question: Question, answer: Buffer): void;
}

/** A proxy between one client and its PostgreSQL, which understands what is asked and can keep an answer back. */
export interface PostgresLine {
  readonly port: number;
  listener: Listener | undefined;
  readonly close: () => Promise<void>;
}

export async function postgresLine(host: string, port: number): Promise<PostgresLine> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(port, host);
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      sockets.add(socket.on('close', () => sockets.delete(socket)).on('error', () => undefined));
    }
    join(client, upstream, () => line.listener);
  });
  const line: PostgresLine = {
    port: await listening(server),
    listener: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return line;
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function join(client: Socket, upstream: Socket, listener: () => Listener | undefined): void {
  const reader = new Reader();
  let question: Question | undefined;
  let isKept = false;
  let answer: Buffer[] = [];
  client.on('data', (chunk: Buffer) => {
    for (const one of reader.read(chunk)) {
      question = one;
      isKept = listener()?.asked(one) ?? false;
    }
    upstream.write(chunk);
  });
  upstream.on('data', (chunk: Buffer) => {
    answer.push(chunk);
    if (!isKept) client.write(chunk);
    if (!isReady(chunk)) return;
    const [asked, whole] = [question, Buffer.concat(answer)];
    answer = [];
    question = undefined;
    if (asked === undefined) return;
    if (!isKept) return listener()?.answered(asked, whole);
    isKept = false;
    listener()?.held({ question: asked, clientPort: client.remotePort ?? 0, release: () => void client.write(whole) });
  });
  client.on('close', () => upstream.destroy());
  upstream.on('close', () => client.destroy());
}

/** The server says last that it is ready for the next question. */
const isReady = (chunk: Buffer): boolean => chunk.length >= 6 && chunk.subarray(-6, -1).equals(Buffer.from('Z\0\0\0\u0005'));

/** Reads what a client says; the first message has no letter before it. */
class Reader {
  #rest = Buffer.alloc(0);
  #isFirst = true;
  #sql = '';

  read(chunk: Buffer): Question[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const questions: Question[] = [];
    for (;;) {
      const letters = this.#isFirst ? 0 : 1;
      if (this.#rest.length < letters + 4) return questions;
      const length = this.#rest.readInt32BE(letters);
      if (this.#rest.length < letters + length) return questions;
      const letter = this.#isFirst ? '' : String.fromCharCode(this.#rest[0] ?? 0);
      const body = this.#rest.subarray(letters + 4, letters + length);
      this.#rest = this.#rest.subarray(letters + length);
      this.#isFirst = false;
      if (letter === 'P') this.#sql = textsOf(body)[1] ?? '';
      if (letter === 'Q') questions.push({ sql: textsOf(body)[0] ?? '', values: [] });
      if (letter === 'B') questions.push({ sql: this.#sql, values: valuesOf(body) });
    }
  }
}

const textsOf = (body: Buffer): string[] => body.toString('utf8').split('\0');

/** Portal, statement, formats of the parameters, parameters. */
function valuesOf(body: Buffer): (string | null)[] {
  let at = body.indexOf(0) + 1;
  at = body.indexOf(0, at) + 1;
  at += 2 + 2 * body.readInt16BE(at);
  const count = body.readInt16BE(at);
  at += 2;
  return Array.from({ length: count }, () => {
    const length = body.readInt32BE(at);
    at += 4;
    if (length < 0) return null;
    at += length;
    return body.toString('utf8', at - length, at);
  });
}
