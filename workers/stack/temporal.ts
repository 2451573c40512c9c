import { Connection } from '@temporalio/client';
import { join } from 'node:path';
import { searchAttributeTypes } from '../../contracts/names.js';
import type { Part } from './kept.js';
import type { Ports } from './ports.js';
import { spawnLogged } from './spawn.js';

/** Of the development server, which makes this one itself. */
export const embeddedNamespace = 'default';

/** Of hale's own server, and of those that its tests start. */
export const serverSettings = [
  // Measured: without it every timer is a second late.
  'history.timerProcessorMaxTimeShift="50ms"',
  // A server's own limit is ten. Measured on 1.32: while many more ask again and again, those under way are called off too, and of
  // a hundred people who decide at once nobody may be heard for a minute.
  'history.maxInFlightUpdates=1000',
];

/**
 * Temporal's development server with its database under the state folder. What it has answered survives kill -9 of
 * everything; after a power loss it may be behind hale's own ledger, which then decides what was done.
 */
export function embeddedTemporal(state: string, cli: string, { temporal: port, ui: uiPort, web }: Ports, codec: boolean): Part {
  const logFile = join(state, 'logs', 'temporal.log');
  return {
    role: 'temporal',
    logFile,
    endWith: 'SIGTERM',
    graceMs: 10_000,
    adoptable: true,
    isReady: () => answers(`127.0.0.1:${port}`, embeddedNamespace),
    launch: () =>
      spawnLogged({
        command: cli,
        args: serverArgs(join(state, 'temporal', 'temporal.db'), port, uiPort, codec ? web : undefined),
        logFile,
      }),
  };
}

function serverArgs(database: string, port: number, uiPort: number, codecPort: number | undefined): string[] {
  const attributes = Object.entries(searchAttributeTypes).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]);
  const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort), '--ui-disable-news-fetch'];
  const storage = ['--db-filename', database, '--log-level', 'warn'];
  // Measured: without a write-ahead log three times slower.
  const pragmas = ['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=normal'];
  const settings = serverSettings.flatMap((one) => ['--dynamic-config-value', one]);
  const codec = codecPort === undefined ? [] : ['--ui-codec-endpoint', `http://127.0.0.1:${codecPort}/codec`];
  return [...args, ...storage, ...pragmas, ...settings, ...codec, ...attributes];
}

async function answers(address: string, namespace: string): Promise<boolean> {
  try {
    const connection = await Connection.connect({ address, connectTimeout: 2_000 });
    try {
      await connection.withDeadline(Date.now() + 2_000, () => connection.workflowService.describeNamespace({ namespace }));
      return true;
    } finally {
      await connection.close();
    }
  } catch {
    return false;
  }
}
