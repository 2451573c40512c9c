import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Random } from '../../lab/random.js';
import { verbs } from './target/words.js';

/** Kinds of services by how they are corrected; the name begins with it. `ask` is `http` that a person must approve. */
const kinds = ['http', 'exec', 'file', 'ask'] as const;
type Kind = (typeof kinds)[number];

/** Of ten services five are corrected by requests, two by programs, one by a file, two after an approval. */
const mixture: readonly Kind[] = ['http', 'exec', 'http', 'ask', 'http', 'file', 'http', 'exec', 'http', 'ask'];

export const serviceNames = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${mixture[index % mixture.length]}-${index + 1}`);

export const kindOf = (service: string): Kind => kinds.find((kind) => service.startsWith(kind)) ?? 'http';

/** Three of ten breaks are mended by the first correction; the others only after it was taken back. */
export function menderOf(service: string, random: Random): string {
  const first = kindOf(service) === 'file' ? verbs.restored : verbs.retune;
  return random.whole(10) < 3 ? first : verbs.reload;
}

/** Acts of these verbs may be made again under one action id: hale documents so of `then`. */
export const repeatableVerbs: readonly string[] = [verbs.restored];

const call = fileURLToPath(new URL('target/call.js', import.meta.url));
const limits = 'within: 3s, hold: 3s, timeout: 5s, cooldown: 0s';

/** The configuration of all services on one target. */
export function configurationFor(services: readonly string[], port: number, folder: string): string {
  const head = `apiVersion: hale/v1\npolicy: {mode: act, attempts: 100, approvalExpiry: 10m, freeze: {reversals: 10000}}\nservices:\n`;
  return head + services.map((service) => serviceLines(service, port, folder)).join('');
}

function serviceLines(service: string, port: number, folder: string): string {
  const corrections = correctionLines(service, port, folder);
  return `  ${service}:
    signals:
      up: {http: 'http://127.0.0.1:${port}/health/${service}', every: 1s, expect: {status: 200}}
    objectives:
      up: {above: 0, for: 0s, hold: 3s}
    order: fixed
    corrections:
${corrections.map((line) => `      ${line}, resource: unit/${service}, ${limits}}\n`).join('')}`;
}

function correctionLines(service: string, port: number, folder: string): string[] {
  const url = (path: string): string => `'http://127.0.0.1:${port}/${path}'`;
  const act = (verb: string): string => url(`act/${service}/${verb}`);
  const run = (...args: readonly string[]): string => JSON.stringify([process.execPath, call, String(port), ...args]);
  const verify = url(`did/${service}`);
  const reload = `reload: {http: ${act(verbs.reload)}, verify: ${verify}, undo: nothingToRestore`;
  switch (kindOf(service)) {
    case 'http':
      return [`retune: {http: ${act(verbs.retune)}, verify: ${verify}, undo: {http: ${act(verbs.retuneBack)}}`, reload];
    case 'ask':
      return [
        `retune: {http: ${act(verbs.retune)}, verify: ${verify}, undo: {http: ${act(verbs.retuneBack)}}, mode: ask`,
        `${reload}, mode: ask`,
      ];
    case 'exec':
      return [
        `retune: {exec: ${run('act', verbs.retune)}, verify: ${run('did')}, undo: {exec: ${run('act', verbs.retuneBack)}}`,
        `reload: {exec: ${run('act', verbs.reload)}, verify: ${run('did')}, undo: nothingToRestore`,
      ];
    case 'file':
      return [`last-good: {file: '${join(folder, 'files', `${service}.conf`)}', then: ${run('act', verbs.restored)}`, reload];
  }
}
