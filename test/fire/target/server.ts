// The target as a process of its own: services that break on demand, and a ledger of every act that reached them.
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { seeded } from '../../../lab/random.js';
import { Ledger } from './ledger.js';
import { type FromTarget, type LedgerLine, type ToTarget, verbs } from './words.js';

const [ledgerPath = '', fileFolder = '', seed = '1'] = process.argv.slice(2);
const ledger = new Ledger(ledgerPath);
const random = seeded(Number(seed));
/** Broken services, each with the verb that mends it. */
const broken = new Map<string, string>();
/** What stood in the file of a broken service before somebody broke it. */
const right = new Map<string, string>();
/** How many acts each service has seen to their end: its version. */
const versions = new Map<string, number>();
const done = new Set<string>();
const actMs = { least: 200, most: 2_000 };
const answerMs = { least: 20, most: 300 };

const pick = ({ least, most }: typeof actMs): number => least + random.whole(most - least);
const fileOf = (service: string): string => `${fileFolder}/${service}.conf`;
const send = (message: FromTarget): void => void process.send?.(message);

function write(line: Omit<LedgerLine, 'at'>, caller: { callerPid?: number; callerPort?: number } = {}): void {
  const dated = { at: Date.now(), ...line };
  ledger.append(dated);
  send({ told: { ...dated, ...caller } });
}

function breakDown({ break: service, mendedBy }: ToTarget): void {
  if (broken.has(service)) return;
  broken.set(service, mendedBy);
  // Somebody rolls out a file that is wrong; whether it is the cause is another question.
  if (service.startsWith('file')) {
    right.set(service, readFileSync(fileOf(service), 'utf8'));
    writeFileSync(fileOf(service), `${service} gone wrong at ${Date.now()}\n`);
  }
  write({ event: 'broke', service, verb: mendedBy, key: '', fence: '' });
}

/** The target does whatever it is asked to, as often as it is asked: a double must be seen as a double. */
async function act(service: string, verb: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const key = headerOf(request, 'idempotency-key');
  const fence = headerOf(request, 'hale-fence');
  if (key === '' || fence === '') return answer(response, 400, 'an Idempotency-Key and a Hale-Fence are needed');
  const line = { service, verb, key, fence };
  write({ event: 'began', ...line }, callerOf(request));
  await sleep(pick(actMs));
  done.add(key);
  versions.set(service, versionOf(service) + 1);
  write({ event: 'done', ...line });
  if (mends(service, verb)) {
    broken.delete(service);
    write({ event: 'mended', ...line });
  }
  answer(response, 200, 'done');
}

function mends(service: string, verb: string): boolean {
  if (broken.get(service) !== verb) return false;
  return verb !== verbs.restored || readFileSync(fileOf(service), 'utf8') === right.get(service);
}

async function did(service: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  await sleep(pick(answerMs));
  if (!done.has(headerOf(request, 'idempotency-key'))) return answer(response, 404, 'not done');
  response.setHeader('ETag', `"${versionOf(service)}"`);
  answer(response, 200, `version ${versionOf(service)}`);
}

const versionOf = (service: string): number => versions.get(service) ?? 0;

const headerOf = (request: IncomingMessage, name: string): string => String(request.headers[name] ?? '');

function callerOf(request: IncomingMessage): { callerPid?: number; callerPort?: number } {
  const pid = Number(headerOf(request, 'caller-pid'));
  if (pid > 0) return { callerPid: pid };
  return request.socket.remotePort === undefined ? {} : { callerPort: request.socket.remotePort };
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status).end(text);
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  request.resume();
  const [, what = '', service = '', verb = ''] = (request.url ?? '').split('/');
  if (what === 'health') return broken.has(service) ? answer(response, 503, 'broken') : answer(response, 200, 'ok');
  if (what === 'act') return act(service, verb, request, response);
  if (what === 'did') return did(service, request, response);
  answer(response, 404, 'no such thing');
}

process.on('message', (message) => breakDown(message as ToTarget));
process.on('disconnect', () => process.exit(0));
const server = createServer((request, response) => void serve(request, response));
server.listen(0, '127.0.0.1', () => send({ port: (server.address() as AddressInfo).port }));
