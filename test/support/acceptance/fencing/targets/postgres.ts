import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { ownPostgres, removed } from '../../../own-postgres.js';
import type { Subject } from '../subject.js';
import type { Act } from '../trial.js';

const ended = /^(\S+ \S+) UTC .*FATAL: {2}terminating connection due to administrator command/;
const toldTo = /pg_terminate_backend\(pid\) as sent/;

/** A PostgreSQL of its own, in which one session keeps others waiting; its log says which sessions were ended, and by what words. */
export async function postgresTarget(service: string, folder: string): Promise<Subject> {
  const server = await ownPostgres();
  const log = join(server.data, '..', 'log');
  const password = join(folder, `${service}.password`);
  writeFileSync(password, 'hale');
  await server.owner.query(`alter system set log_timezone = 'UTC'`);
  await server.owner.query('select pg_reload_conf()');
  await server.owner.query(`create role shop login password 'shop'; create table items (v int); grant all on items to shop`);
  const lines = (): string[] => readFileSync(log, 'utf8').split('\n');
  const acts = (): Act[] => lines().flatMap((line) => (ended.exec(line) ? [{ at: Date.parse(`${ended.exec(line)?.[1]}Z`) }] : []));
  const clients: pg.Client[] = [];
  const session = async (): Promise<pg.Client> => {
    const client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'shop', password: 'shop', database: 'postgres' });
    client.on('error', () => undefined);
    clients.push(client);
    await client.connect();
    return client;
  };
  /** One sits on the table, the other one waits for it. */
  const block = async (): Promise<void> => {
    const [root, waiting] = [await session(), await session()];
    await root.query('begin; lock table items in access exclusive mode');
    waiting.query('select count(*) from items').catch(() => undefined);
    while ((await server.owner.query('select from pg_stat_activity where cardinality(pg_blocking_pids(pid)) > 0')).rowCount === 0)
      await wait(5);
  };
  let done = -1;
  const letGo = async (): Promise<void> => void (await Promise.allSettled(clients.splice(0).map((one) => one.end())));
  return {
    service,
    kind: 'postgres',
    privilege: 'postgres',
    fencedBy: 'target',
    correction: {
      postgres: 'terminateRootBlocker',
      olderThan: '100ms',
      target: {
        postgres: ['127.0.0.1'],
        port: server.port,
        role: 'primary',
        user: 'hale',
        password: `${service}-password`,
        database: 'postgres',
      },
    },
    secrets: { [`${service}-password`]: { file: password } },
    breakIt: async () => {
      await letGo();
      await block();
      done = acts().length;
    },
    isWell: () => acts().length > done,
    acts,
    turnedAway: () => lines().filter((line) => toldTo.test(line)).length - acts().length,
    close: async () => {
      await letGo();
      await server.stop();
      removed(server);
    },
  };
}
