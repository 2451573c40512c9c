// A PostgreSQL that lets hale's role in over TLS only.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { sqlMeter } from '../../adapters/postgres-target/meter.js';
import type { SqlConnection } from '../../domain/service.js';
import { ownPostgres, removed, type OwnPostgres } from '../support/own-postgres.js';

let server: OwnPostgres;
beforeAll(async () => {
  server = await ownPostgres();
  process.env.PASSWORD_OVER_TLS = 'healer';
  certified('server');
  await server.owner.query(`create role healer login password 'healer'; create role clear login password 'healer'`);
  const lines = ['hostssl all healer 127.0.0.1/32 scram-sha-256', 'host all hale,clear 127.0.0.1/32 scram-sha-256', ''];
  writeFileSync(join(server.data, 'pg_hba.conf'), lines.join('\n'));
  await server.owner.query('alter system set ssl = on');
  await server.owner.query('select pg_reload_conf()');
  await vi.waitFor(greeted, { timeout: 20_000, interval: 50 });
});
afterAll(async () => {
  await server.stop();
  removed(server);
});

/** The server has taken up its files. */
async function greeted(): Promise<void> {
  const place = { host: '127.0.0.1', port: server.port, user: 'healer', password: 'healer', database: 'postgres' };
  const client = new pg.Client({ ...place, ssl: { rejectUnauthorized: false } });
  await client.connect();
  await client.end();
}

/** A certificate that vouches for itself, on this address, and its key. */
function certified(name: string): string {
  const [key, certificate] = [join(server.data, `${name}.key`), join(server.data, `${name}.crt`)];
  const names = ['-subj', '/CN=shop', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate, ...names], {
    stdio: 'ignore',
  });
  const { uid, gid } = statSync(server.data);
  chownSync(key, uid, gid);
  chmodSync(key, 0o600);
  return certificate;
}

async function read(more: Partial<SqlConnection>) {
  const password = { env: 'PASSWORD_OVER_TLS' };
  const connection = { hosts: ['127.0.0.1'], port: server.port, user: 'healer', database: 'postgres', password, role: 'any' as const };
  const sql = 'select count(*) from pg_stat_ssl where ssl and pid = pg_backend_pid()';
  const signal = { kind: 'sql' as const, name: 'n', everyMs: 1_000, perInstance: false, staleAfterMs: 5_000, sql, timeoutMs: 5_000 };
  const asked = { service: 'shop', signal: { ...signal, connection: { ...connection, ...more } } };
  const [reading] = await sqlMeter().read([asked], new AbortController().signal);
  return reading;
}

test('a server that takes encrypted connections only is reached where its authority is named', async () => {
  expect(await read({ tls: join(server.data, 'server.crt') })).toMatchObject({ kind: 'value', value: 1 });
});

test('a server that takes both is talked to in clear where the file says nothing of tls', async () => {
  expect(await read({ user: 'clear' })).toMatchObject({ kind: 'value', value: 0 });
});

test.each([
  ['in clear', {}, /no encryption/],
  ['with a certificate that nobody vouches for', { tls: true as const }, /self-signed certificate/],
  ['with the certificate of another authority', { tls: 'another' }, /self-signed certificate|unable to verify/],
  ['with a file of authorities that is not there', { tls: '/nowhere/ca.pem' }, /ENOENT/],
])('it is not reached %s', async (_, { tls }: { tls?: true | string }, why) => {
  const told = tls === 'another' ? certified('another') : tls;
  expect(await read(told === undefined ? {} : { tls: told })).toMatchObject({
    kind: 'noData',
    reason: 'sourceUnavailable',
    detail: expect.stringMatching(why),
  });
});
