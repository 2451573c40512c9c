import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Two hundred services that stand on one database, and one that stands alone; all of them real HTTP, broken and repaired for real. */
export interface FloodedFleet {
  readonly configuration: string;
  readonly names: readonly string[];
  readonly tokens: Readonly<Record<string, string>>;
  readonly breakDatabase: () => void;
  readonly breakTill: () => void;
  /** Which service was acted upon, in order; by the target's own record. */
  readonly acted: readonly string[];
  readonly close: () => void;
}

export const DATABASE = 'database';
export const TILL = 'till';
const every = '10s';

export async function floodedFleet(services: number): Promise<FloodedFleet> {
  const broken = new Set<string>();
  const acted: string[] = [];
  const names = Array.from({ length: services }, (_, index) => `shop-${index}`);
  const server = createServer((request, response) => {
    const [, verb = '', service = ''] = (request.url ?? '').split('/');
    request.resume();
    if (verb === 'repair') {
      acted.push(service);
      broken.delete(service);
      return response.writeHead(200).end();
    }
    const standsOn = service === TILL ? [TILL] : [service, DATABASE];
    return response.writeHead(standsOn.some((one) => broken.has(one)) ? 503 : 200).end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    configuration: configurationOf(url, names),
    names,
    tokens,
    acted,
    breakDatabase: () => broken.add(DATABASE),
    breakTill: () => broken.add(TILL),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const tokens = { 'am-1': 'token-1', 'am-2': 'token-2' };

/** hale looks so rarely that the alerts come first. Every service could be acted upon. */
const configurationOf = (url: string, names: readonly string[]): string => `apiVersion: hale/v1
secrets: {one: {env: HALE_FLOOD_1}, two: {env: HALE_FLOOD_2}}
intake:
  am-1: {accepts: alertmanager, token: one, perSecond: 200}
  am-2: {accepts: alertmanager, token: two, perSecond: 200}
policy:
  mode: act
  storm: {services: 10%, within: 1m}
classes:
  web:
    signals: {up: {http: '${url}/health/$service', every: ${every}, timeout: 5s}}
    objectives: {up: {above: 0, for: 0s, hold: 30s}}
    corrections: {repair: {http: '${url}/repair/$service', repeatable: true, undo: nothingToRestore, hold: 30s}}
services:
  ${DATABASE}: {class: web}
  ${TILL}: {class: web}
${names.map((name) => `  ${name}: {class: web, dependsOn: [${DATABASE}]}`).join('\n')}
`;
