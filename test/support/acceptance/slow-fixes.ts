import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** One request to mend a service, as the target saw it; `endedAt` is absent while it is under way. Times by this machine's clock. */
export interface Fix {
  readonly actionId: string;
  readonly startedAt: number;
  endedAt?: number;
}

/** Services that are mended by a slow request and break again by themselves, so that somebody is always acting. */
export interface SlowFixes {
  readonly names: readonly string[];
  readonly configuration: string;
  readonly fixes: readonly Fix[];
  readonly close: () => void;
}

const FIX_MS = 1_200;
const WELL_MS = 4_000;

export async function slowFixes(count: number): Promise<SlowFixes> {
  const names = Array.from({ length: count }, (_, number) => `shop-${number}`);
  const wellUntil = new Map<string, number>(names.map((name, number) => [name, Date.now() + WELL_MS + (number * WELL_MS) / count]));
  const fixes: Fix[] = [];
  const mend = async (name: string, actionId: string): Promise<void> => {
    const fix: Fix = { actionId, startedAt: Date.now() };
    fixes.push(fix);
    await wait(FIX_MS);
    wellUntil.set(name, Date.now() + WELL_MS);
    fix.endedAt = Date.now();
  };
  const server = createServer((request, response) => {
    const name = request.url?.slice(1) ?? '';
    const isWell = (): boolean => (wellUntil.get(name) ?? 0) > Date.now();
    if (request.method !== 'POST') return void response.writeHead(isWell() ? 200 : 503).end();
    void mend(name, String(request.headers['idempotency-key'])).then(() => response.writeHead(200).end());
  });
  const url = await listening(server);
  return { names, configuration: configurationOf(names, url), fixes, close: () => (server.closeAllConnections(), server.close()) };
}

const configurationOf = (names: readonly string[], url: string): string => `apiVersion: hale/v1
policy: {mode: act, attempts: 100}
services:
${names
  .map(
    (name) => `  ${name}:
    signals: {up: {http: '${url}/${name}', every: 500ms, timeout: 400ms, expect: {status: 200}}}
    objectives: {up: {above: 0, for: 0s, hold: 1500ms}}
    corrections: {fix: {http: '${url}/${name}', undo: nothingToRestore, repeatable: true, hold: 1500ms, within: 3s, cooldown: 0s, timeout: 5s}}`,
  )
  .join('\n')}
`;

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
