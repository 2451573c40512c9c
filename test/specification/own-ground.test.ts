import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ownGround } from '../../adapters/ground/own-ground.js';
import { Client, Connection } from '@temporalio/client';
import { postgresIdentity } from '../../adapters/postgres/identity.js';
import type { Action } from '../../domain/service.js';
import { composePorts } from '../../workers/compose.js';
import { freshDatabase } from './../support/database.js';
import { freshFolder } from '../support/knob.js';

const target = (action: Action) => ({ service: 'shop', action, timeoutMs: 1_000 });
const request = (url: string) => ({ method: 'POST' as const, url, headers: {} });

async function standing() {
  const { pool } = await freshDatabase();
  const state = await freshFolder();
  await mkdir(join(state, 'postgres'));
  await writeFile(join(state, 'postgres', 'postgresql.conf'), '');
  const ground = ownGround({
    database: () => postgresIdentity(pool),
    servers: { Temporal: '127.0.0.1:7233', 'web server': 'localhost:8080', elsewhere: 'hale.invalid:9' },
    folders: { 'PostgreSQL files': join(state, 'postgres') },
  });
  return { pool, state, ownOf: (action: Action, resource = '') => ground.ownOf(target(action), resource) };
}

test('hale knows its own database by the identity of its cluster, whatever its address', async () => {
  const { pool, ownOf } = await standing();
  const { rows } = await pool.query<{ id: string }>('select system_identifier::text as id from pg_control_system()');
  const connection = { hosts: ['somewhere.else'], port: 6432, user: 'hale', database: 'other', role: 'primary' } as const;
  const vacuum: Action = {
    kind: 'postgres',
    connection,
    statement: 'vacuum',
    spare: { users: [], applications: [] },
    olderThanMs: 1,
    table: 't',
  };
  expect(await ownOf(vacuum, `postgres/${rows[0]?.id}`)).toBe('PostgreSQL');
  expect(await ownOf(vacuum, 'postgres/7000000000000000000')).toBeUndefined();
});

test('hale knows its own files also through a link, and files that are not there yet', async () => {
  const { state, ownOf } = await standing();
  const link = join(await freshFolder(), 'innocent');
  await symlink(join(state, 'postgres'), link);
  const file = (path: string): Action => ({ kind: 'file', path, restore: 'lastGood' });
  expect(await ownOf(file(join(state, 'postgres', 'postgresql.conf')))).toBe('PostgreSQL files');
  expect(await ownOf(file(join(link, 'postgresql.conf')))).toBe('PostgreSQL files');
  expect(await ownOf(file(join(link, 'new.conf')))).toBe('PostgreSQL files');
  await symlink(await freshFolder(), join(state, 'postgres', 'away'));
  expect(await ownOf({ kind: 'release', link: join(link, 'away'), restore: 'previous' })).toBe('PostgreSQL files');
  expect(await ownOf(file(join(state, 'postgres.conf')))).toBeUndefined();
  expect(await ownOf(file('/etc/shop/shop.conf'))).toBeUndefined();
});

test('a state folder that was given by a link is known by where it is', async () => {
  const { pool, state } = await standing();
  const link = join(await freshFolder(), 'state');
  await symlink(state, link);
  const { ground } = composePorts(pool, new Client({ connection: Connection.lazy() }), { state: link, web: '127.0.0.1:8080' });
  const ownOf = (action: Action) => ground.ownOf(target(action), '');
  expect(await ownOf({ kind: 'file', path: join(state, 'run.json'), restore: 'lastGood' })).toBe('state file');
  expect(await ownOf({ kind: 'file', path: join(link, 'logs', 'web.log'), restore: 'lastGood' })).toBe('logs');
  expect(await ownOf({ kind: 'file', path: join(state, 'demo', 'shop.json'), restore: 'lastGood' })).toBeUndefined();
  expect(await ownOf({ kind: 'http', request: request('http://localhost:8080/api/changes') })).toBe('web server');
});

test('hale knows a command by what it is told to work on', async () => {
  const { state, ownOf } = await standing();
  const exec = (...argv: string[]): Action => ({ kind: 'exec', argv });
  expect(await ownOf(exec('/usr/bin/pg_ctl', 'restart', '-D', join(state, 'postgres')))).toBe('PostgreSQL files');
  expect(await ownOf(exec('/usr/bin/pg_ctl', 'restart', `--pgdata=${join(state, 'postgres')}`))).toBe('PostgreSQL files');
  expect(await ownOf(exec('/usr/bin/curl', 'http://127.0.0.1:7233/reset'))).toBe('Temporal');
  expect(await ownOf({ kind: 'file', path: '/etc/x', restore: 'lastGood', then: ['/bin/rm', join(state, 'postgres', 'x')] })).toBe(
    'PostgreSQL files',
  );
  expect(await ownOf(exec('/usr/bin/systemctl', 'restart', 'shop'))).toBeUndefined();
});

test('hale knows its own server by address, by whatever name of this machine', async () => {
  const { ownOf } = await standing();
  const http = (url: string): Action => ({ kind: 'http', request: request(url) });
  expect(await ownOf(http('http://127.0.0.1:7233/x'))).toBe('Temporal');
  expect(await ownOf(http('http://localhost:7233/x'))).toBe('Temporal');
  expect(await ownOf({ kind: 'http', request: request('http://shop/x'), undoRequest: request('http://[::1]:7233/x') })).toBe('Temporal');
  for (const host of ['127.0.0.1', 'localhost', 'LOCALHOST', '[::1]', '127.8.9.1', '0.0.0.0', '[::ffff:127.0.0.1]'])
    expect(await ownOf(http(`http://${host}:8080/api/changes`))).toBe('web server');
  expect(await ownOf(http('http://127.0.0.1:7234/x'))).toBeUndefined();
  expect(await ownOf(http('http://192.0.2.1:8080/x'))).toBeUndefined();
  expect(await ownOf(http('http://hale.invalid:9/x'))).toBe('elsewhere');
  expect(await ownOf(http('http://shop.invalid:9/x'))).toBeUndefined();
});
