import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { NativeConnection } from '@temporalio/worker';
import { ownGround } from '../../adapters/ground/own-ground.js';
import { ownPod } from '../../adapters/ground/pods.js';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { postgresIdentity } from '../../adapters/postgres/identity.js';
import type { Action } from '../../domain/service.js';
import { processOf } from '../../adapters/machines/machines.js';
import { composePorts } from '../../workers/compose.js';
import { freePort } from '../../workers/stack/ports.js';
import { freshDatabase } from './../support/database.js';
import { freshFolder } from '../support/knob.js';
import { locally } from '../support/machine.js';
import { freshRunit } from '../support/runit.js';
import { timeSkipping } from '../support/temporal.js';

let env: TestWorkflowEnvironment;
beforeAll(async () => void (env = await timeSkipping()), 60_000);
afterAll(() => env.teardown());

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
    folders: { 'PostgreSQL files': [join(state, 'postgres')] },
    process: process.pid,
    processOf: async () => undefined,
    standingOf: async () => undefined,
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
  const repository = (at: string): Action => ({ kind: 'git', repository: at, branch: 'main', paths: ['a'], push: 'direct' });
  expect(await ownOf(repository(join(link, 'conf.git')))).toBe('PostgreSQL files');
  expect(await ownOf(repository('/srv/conf.git'))).toBeUndefined();
  expect(await ownOf(file(join(state, 'postgres.conf')))).toBeUndefined();
  expect(await ownOf(file('/etc/shop/shop.conf'))).toBeUndefined();
});

test('hale knows the Deployment of the pod that it runs in, and takes no other for it', async () => {
  const ground = ownGround({
    database: async () => undefined,
    servers: {},
    folders: {},
    process: 1,
    processOf: async () => undefined,
    standingOf: async () => undefined,
    pod: { namespace: 'ops', name: 'hale-7d9f8b6c5d-x2x4z' },
  });
  const restart = (namespace: string, deployment: string): Action => ({
    kind: 'kubernetes',
    access: 'inCluster',
    namespace,
    deployment,
    command: 'rolloutRestart',
  });
  const ownOf = (namespace: string, deployment: string) => ground.ownOf(target(restart(namespace, deployment)), '');
  expect(await ownOf('ops', 'hale')).toBe('pod hale-7d9f8b6c5d-x2x4z');
  expect(await ownOf('shop', 'hale')).toBeUndefined();
  expect(await ownOf('ops', 'hale-7d9f8b6c5d')).toBeUndefined();
  expect(await ownOf('ops', 'ha')).toBeUndefined();
});

test('a pod knows itself by its variables, and outside of a pod there is none', () => {
  expect(ownPod({ POD_NAMESPACE: 'ops', POD_NAME: 'hale-1' })).toEqual({ namespace: 'ops', name: 'hale-1' });
  expect(ownPod({ POD_NAMESPACE: 'ops' })).toEqual({ namespace: 'ops', name: hostname() });
  expect(ownPod({})).toBeUndefined();
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

/** hale as a worker is composed: on a native connection, which does not tell where it leads. */
async function composed() {
  const { pool } = await freshDatabase();
  const state = await freshFolder();
  vi.stubEnv('TEMPORAL_ADDRESS', env.address);
  onTestFinished(() => void vi.unstubAllEnvs());
  const connection = await NativeConnection.connect({ address: env.address });
  onTestFinished(() => connection.close());
  const whereabouts = { state, web: '127.0.0.1:18200', temporalPage: '127.0.0.1:18201' };
  const { ground } = composePorts(pool, new Client({ connection }), whereabouts);
  const { port: database } = new pg.Client(pool.options);
  return {
    state,
    database: String(database),
    temporal: env.address.slice(env.address.lastIndexOf(':') + 1),
    ownOf: (action: Action) => ground.ownOf(target(action), ''),
    ofCommand: (...argv: string[]) => ground.ownOf(target({ kind: 'exec', argv }), ''),
  };
}

const spellings = [
  '127.0.0.1',
  '127.0.0.2',
  '127.1',
  '0.0.0.0',
  'localhost',
  'localhost.',
  'LOCALHOST',
  '[::1]',
  '[::ffff:127.0.0.1]',
  hostname(),
];

test('a worker knows the servers that it runs on, under every name of this machine', async () => {
  const { ownOf, temporal, database } = await composed();
  for (const host of spellings) {
    const at = (port: string): Promise<string | undefined> => ownOf({ kind: 'http', request: request(`http://${host}:${port}/x`) });
    expect(await Promise.all([temporal, database, '18200', '18201'].map(at)), host).toEqual([
      'Temporal',
      'PostgreSQL',
      'web server',
      'page of Temporal',
    ]);
    expect(await at('18299')).toBeUndefined();
  }
});

test('a command is known by host and port in one word or in two', async () => {
  const { ofCommand, database: port, temporal } = await composed();
  const words = (host: string): string[][] => [
    ['/usr/bin/psql', '-h', host, '-p', port],
    ['/usr/bin/psql', `-h${host}`, `-p${port}`],
    ['/usr/bin/psql', `--host=${host}`, `--port=${port}`],
    ['/usr/bin/psql', `dbname=hale host=${host} port=${port}`],
    ['/usr/bin/psql', `postgres://hale:x@${host}:${port}/hale`],
    ['/usr/bin/psql', `postgres:///hale?host=${host}&port=${port}`],
    ['/usr/bin/env', `PGHOST=${host}`, `PGPORT=${port}`, '/usr/bin/psql'],
    ['/usr/local/bin/call', `--url=http://${host}:${port}`],
    ['/usr/local/bin/call', `--server=${host}:${port}`],
    ['/bin/nc', host, port],
    ['/usr/bin/socat', '-', `TCP:${host}:${port}`],
    ['/bin/bash', '-c', `echo x > /dev/tcp/${host}/${port}`],
  ];
  for (const host of ['localhost', '127.0.0.1', '127.0.0.2', 'LOCALHOST', 'localhost.', hostname()])
    for (const argv of words(host)) expect(await ofCommand(...argv), argv.join(' ')).toBe('PostgreSQL');
  for (const argv of words('192.0.2.1')) expect(await ofCommand(...argv), argv.join(' ')).toBeUndefined();
  for (const host of ['localhost', 'LOCALHOST', '127.1', hostname()])
    expect(await ofCommand('/usr/local/bin/call', host, 'reset', port), host).toBe('PostgreSQL');
  expect(await ofCommand('/usr/local/bin/call', 'shop', 'reset', port)).toBeUndefined();
  expect(await ofCommand('/usr/bin/psql', '-h', '::1', '-p', port)).toBe('PostgreSQL');
  expect(await ofCommand('/usr/bin/temporal', 'operator', '--address', `[::1]:${temporal}`)).toBe('Temporal');
});

test('a client that is told a port and no host goes to this machine, and a number alone is no port', async () => {
  const { ofCommand, database: port } = await composed();
  expect(await ofCommand('/usr/bin/psql', '-p', port)).toBe('PostgreSQL');
  expect(await ofCommand('/usr/bin/psql', `-p${port}`, 'hale')).toBe('PostgreSQL');
  expect(await ofCommand('/usr/bin/psql', '-h', '/run/postgresql', '-p', port)).toBe('PostgreSQL');
  expect(await ofCommand('/usr/local/bin/call', `:${port}`)).toBe('PostgreSQL');
  expect(await ofCommand('/bin/sleep', port)).toBeUndefined();
  expect(await ofCommand('/usr/bin/psql', '-h', '192.0.2.1', '-p', port)).toBeUndefined();
});

test('what contains something of hale is its ground too, and the root', async () => {
  const { state, ofCommand, ownOf } = await composed();
  for (const path of [state, `${state}/`, dirname(state), join(state, '*'), '/', '/.', '//', '/*', '.', '..', state.slice(1)])
    expect(await ofCommand('/bin/rm', '-rf', path), path).toBeDefined();
  expect(await ofCommand('/bin/rm', join(state, 'postgres.password'))).toBe('password of PostgreSQL');
  expect(await ofCommand('/bin/sh', '-c', `cd /tmp; rm -rf '${state}'`)).toBe('PostgreSQL files');
  expect(await ofCommand('/usr/bin/tar', `-C${state}`, '-xf', '/tmp/x.tar')).toBe('PostgreSQL files');
  expect(await ownOf({ kind: 'release', link: state, restore: 'previous' })).toBe('PostgreSQL files');
  for (const words of [
    ['-rf', join(state, 'demo')],
    ['-rf', `${state}-other`],
    ['-rf', join(dirname(state), 'elsewhere')],
    ['deployment/shop'],
    ['s/a/b/'],
    ['a text / with a slash'],
    ['http://shop.example/'],
    [`http:/${dirname(state)}/`],
  ])
    expect(await ofCommand('/bin/rm', ...words), words.join(' ')).toBeUndefined();
});

test('the folder that hale is installed in is its ground', async () => {
  const { ofCommand } = await composed();
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const parts = ['.', '..', 'workflows', 'domain/gate.ts', 'bin/hale.mjs', 'node_modules/pg', 'package.json'];
  for (const path of parts.map((part) => join(root, part))) expect(await ofCommand('/bin/rm', '-rf', path), path).toBe('installation');
  expect(await ofCommand('/bin/cat', join(root, 'examples', 'hale.yaml'))).toBeUndefined();
});

test('a state folder that lies behind a link goes with the link', async () => {
  const { pool } = await freshDatabase();
  const [state, place] = [await freshFolder(), await freshFolder()];
  await symlink(state, join(place, 'state'));
  const { ground } = composePorts(pool, new Client({ connection: Connection.lazy() }), { state: join(place, 'state') });
  expect(await ground.ownOf(target({ kind: 'release', link: join(place, 'state'), restore: 'previous' }), '')).toBe('PostgreSQL files');
  expect(await ground.ownOf(target({ kind: 'exec', argv: ['/bin/rm', '-r', place] }), '')).toBe('PostgreSQL files');
});

test('hale knows a unit or a service under which it runs itself, or a server of its own, and logs of its own', async () => {
  const port = await freePort();
  const listener = `require('net').createServer().listen(${port}, '127.0.0.1')`;
  const { service, process: serving } = await freshRunit(`${process.execPath} -e "${listener}" & exec sleep 1000`);
  const { service: other } = await freshRunit();
  const children = async () =>
    (await readFile(`/proc/${(await serving()).trim()}/task/${(await serving()).trim()}/children`, 'utf8')).trim();
  await expect.poll(children).toMatch(/^\d+$/);
  const way = await locally();
  const state = await freshFolder();
  const standingOn = (self: number, server: number) =>
    ownGround({
      database: async () => undefined,
      servers: { PostgreSQL: `localhost:${server}` },
      folders: { logs: [join(state, 'logs')] },
      process: self,
      processOf: (one) => processOf(way.machines, one),
      standingOf: async () => undefined,
    });
  const here = { host: '127.0.0.1', port: 22, user: 'hale', key: { file: '/k' }, knownHosts: '/k', atOnce: 1 };
  const restart = (of: string): Action => ({ kind: 'runit', command: 'restart', service: of });
  const child = Number(await children());
  await expect.poll(() => standingOn(1, port).ownOf(target(restart(service)), ''), { timeout: 10_000 }).toBe('PostgreSQL');
  expect(await standingOn(child, 1).ownOf(target(restart(service)), '')).toBe('program');
  expect(await standingOn(child, port).ownOf(target(restart(other)), '')).toBeUndefined();
  const logs = (under: string, more = {}): Action => ({
    kind: 'disk',
    command: 'truncateLogs',
    under: [under],
    atLeastBytes: 1,
    olderThanMs: 0,
    filesMax: 1,
    ...more,
  });
  const ownOf = (action: Action) => standingOn(1, 1).ownOf(target(action), '');
  expect(await ownOf(logs(join(state, 'logs')))).toBe('logs');
  expect(await ownOf(logs(state, { machine: here }))).toBe('logs');
  expect(await ownOf(logs(state, { machine: { ...here, host: 'elsewhere.invalid' } }))).toBeUndefined();
});
