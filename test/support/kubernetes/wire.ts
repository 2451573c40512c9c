import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { request } from 'node:https';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { serve } from '../listen.js';

/** One request that was made, and what a real kube-apiserver said. */
interface Exchange {
  readonly asked: string;
  readonly status: number;
  readonly retryAfter?: string;
  readonly body: unknown;
}

/** Bodies stand once, by a hash. */
interface Fixture {
  readonly recorded: string;
  readonly server: string;
  readonly command: string;
  readonly bodies: Record<string, unknown>;
  readonly tests: Record<string, readonly (Omit<Exchange, 'body'> & { readonly body: string })[]>;
}

/** How the line behaves towards hale; whoever sets the scene is always answered. */
type Manner = 'well' | 'silent' | 'hanging';

export interface Wire {
  readonly url: string;
  manner: Manner;
  /** Makes the next answers of this kind to hale be these instead, without asking the cluster. */
  readonly instead: { readonly method: string; readonly status: number; readonly retryAfter?: string; readonly body: unknown }[];
}

const lane = process.env.HALE_KUBERNETES_LANE;
const recording = process.env.HALE_KUBERNETES_RECORD;

/** Each file of tests has its own: `kubernetes-provider.test.ts` has `kubernetes-provider.json`. */
function fixtureFile(): string {
  const name = basename(expect.getState().testPath ?? '', '.test.ts');
  return fileURLToPath(new URL(`../../fixtures/kubernetes/${name}.json`, import.meta.url));
}

/** By file: files of tests share this module. */
const fixtures = new Map<string, Fixture>();
const records = new Map<string, Record<string, Exchange[]>>();

function replayed(file: string): Fixture {
  const fixture = fixtures.get(file) ?? (JSON.parse(readFileSync(file, 'utf8')) as Fixture);
  fixtures.set(file, fixture);
  return fixture;
}

/** What this test asks, for the fixture of its file, which is written anew when the test has ended. */
function recordOf(file: string, test: string): Exchange[] {
  const record = records.get(file) ?? {};
  records.set(file, record);
  if (recording !== undefined) onTestFinished(() => writeFixture(file, record, recording));
  return (record[test] ??= []);
}

function writeFixture(file: string, record: Record<string, Exchange[]>, server: string): void {
  const bodies: Record<string, unknown> = {};
  const tests = Object.entries(record).map(([name, exchanges]) => {
    const short = exchanges.map((exchange) => ({ ...exchange, body: hashOf(JSON.stringify(exchange.body)) }));
    exchanges.forEach(({ body }, index) => (bodies[short[index]?.body ?? ''] = body));
    return [name, short] as const;
  });
  const date = new Date().toISOString().slice(0, 10);
  const head = { recorded: date, server: `kube-apiserver ${server}`, command: 'npm run test:kubernetes -- --record' };
  const lines = (entries: readonly (readonly [string, unknown])[]): string =>
    entries.map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`).join(',\n');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(
    file,
    `${JSON.stringify(head).slice(0, -1)},\n"bodies": {\n${lines(Object.entries(bodies))}\n},\n"tests": {\n${lines(tests)}\n}}\n`,
  );
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/**
 * A real HTTP server in front of the cluster: of the lane where there is one, else of what that answered when it was recorded. A
 * request that was never made then is answered by nothing that passes for an answer, and fails the test.
 */
export async function wireToCluster(): Promise<Wire> {
  const test = expect.getState().currentTestName ?? '';
  const file = fixtureFile();
  const record = recordOf(file, test);
  const { tests = {}, bodies = {} }: Partial<Fixture> = lane === undefined ? replayed(file) : {};
  const left = (tests[test] ?? []).map((one) => ({ ...one, body: bodies[one.body] }));
  const unknown: string[] = [];
  const answerOf = async (asked: string, message: IncomingMessage, body: string): Promise<Exchange> => {
    if (lane !== undefined) {
      const exchange = await forward(lane, asked, message, body);
      record.push(exchange);
      return exchange;
    }
    const at = left.findIndex((one) => one.asked === asked);
    const [found] = at < 0 ? [] : left.splice(at, 1);
    if (found === undefined) unknown.push(asked);
    return found ?? { asked, status: 500, body: { message: `never recorded: ${asked}` } };
  };
  const wire: Wire = {
    manner: 'well',
    instead: [],
    url: await serve((message, response) => void answer(wire, answerOf, message, response)),
  };
  onTestFinished(() => expect(unknown).toEqual([]));
  return wire;
}

async function answer(
  wire: Wire,
  answerOf: (asked: string, message: IncomingMessage, body: string) => Promise<Exchange>,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let body = '';
  for await (const chunk of message) body += String(chunk);
  const byHale = message.headers.authorization === 'Bearer hale-token';
  const changes = byHale && message.method !== 'GET';
  const [instead] = wire.instead;
  if (byHale && instead !== undefined && instead.method === message.method) {
    wire.instead.shift();
    return say(response, instead);
  }
  if (changes && wire.manner === 'hanging') return;
  const found = await answerOf(`${byHale ? 'hale' : 'admin'} ${message.method} ${message.url} ${masked(body)}`, message, body);
  // What the server refused, a version that has passed for one, it did not do: losing that answer shows nothing.
  if (changes && wire.manner === 'silent' && found.status < 400) return void message.socket.destroy();
  say(response, found);
}

function say(response: ServerResponse, { status, retryAfter, body }: Pick<Exchange, 'status' | 'retryAfter' | 'body'>): void {
  response.writeHead(status, { 'content-type': 'application/json', ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }) });
  response.end(JSON.stringify(body));
}

/** Instants differ from run to run, and a long body is known by its hash. */
function masked(body: string): string {
  const text = body.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, 'INSTANT');
  return text.length <= 300 ? text : hashOf(text);
}

function forward(url: string, asked: string, { method, url: path = '', headers }: IncomingMessage, body: string): Promise<Exchange> {
  const { authorization, accept } = headers;
  const sent = { authorization, accept, 'content-type': headers['content-type'] };
  const given = Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== undefined)) as Record<string, string>;
  return new Promise((resolve, reject) => {
    const going = request(new URL(path, url), { method, headers: given, rejectUnauthorized: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
      response.on('end', () => {
        const retryAfter = response.headers['retry-after'];
        resolve({
          asked,
          status: response.statusCode ?? 0,
          ...(retryAfter === undefined ? {} : { retryAfter }),
          body: withoutManagedFields(JSON.parse(text === '' ? 'null' : text)),
        });
      });
    });
    going.on('error', reject).end(body === '' ? undefined : body);
  });
}

/** Who set which field: half of every answer, and read by nobody here. */
function withoutManagedFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutManagedFields);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'managedFields')
      .map(([key, part]) => [key, withoutManagedFields(part)]),
  );
}
