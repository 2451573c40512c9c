import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from '../../../workers/stack/ports.js';
import type { DebianServer } from '../debian-prometheus.js';
import { images, startDockerd, type Dockerd } from '../dockerd.js';
import { withHale } from './hale.js';
import { EVERY_S, monitor, TOKEN, type Monitoring } from './monitoring.js';

/** A web server in a container of a real docker, which hale has known to be well, under the eyes of a real Prometheus. */
export interface MonitoredContainer {
  readonly ask: Monitoring['ask'];
  /**
   * Removes the container and runs another one of its name, with a port on which nobody looks for it, right after hale has
   * looked: the alert is there before hale looks again.
   */
  readonly deployBadly: () => Promise<void>;
  readonly answers: () => Promise<boolean>;
  /** What the container in its place is made of. */
  readonly settings: () => Promise<string>;
  /** Rows of hale's database that have the value of the container's secret variable. */
  readonly secretsInClear: () => Promise<number>;
}

const NAME = 'shop';
const SECRET = 'canary-4f1b9d27c0';

export async function withMonitoredContainer<T>(use: (container: MonitoredContainer) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'hale-monitored-'));
  await chmod(folder, 0o755); // As root PostgreSQL runs as another user.
  const servers: DebianServer[] = [];
  const docker = await startDockerd();
  try {
    const [port, wrong] = [await freePort(), await freePort()];
    await deploy(docker, port);
    await writeFile(join(folder, 'token'), TOKEN);
    await writeFile(join(folder, 'seal'), 'a long random text that nobody else knows');
    return await withHale(configurationOf(docker, folder, port), async (hale) => {
      const { ask, bothHaveLooked } = await monitor(hale, NAME, port, servers);
      const { database } = await hale.status();
      const pool = new pg.Pool({ connectionString: database.url, max: 1 });
      try {
        await known(pool);
        return await use({
          ask,
          deployBadly: async () => {
            await bothHaveLooked();
            await docker.client.getContainer(NAME).remove({ force: true });
            await deploy(docker, wrong, images.v2);
          },
          answers: () => answers(port),
          settings: () => settingsOf(docker),
          secretsInClear: () => rowsWith(pool, SECRET),
        });
      } finally {
        await pool.end();
      }
    });
  } finally {
    for (const server of servers) await server.stop();
    await docker.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** As a person would with `docker run`; the whole configuration is in the environment. */
async function deploy({ client }: Dockerd, port: number, image: string = images.v1): Promise<void> {
  const container = await client.createContainer({
    name: NAME,
    Image: image,
    Cmd: ['/bin/sh', '-c', 'exec /bin/busybox httpd -f -p "127.0.0.1:$PORT" -h /www'],
    Env: [`PORT=${port}`, `API_TOKEN=${SECRET}`],
    Labels: { tier: 'web' },
    HostConfig: { NetworkMode: 'host', Memory: 33_554_432, RestartPolicy: { Name: 'unless-stopped' } },
  });
  await container.start();
}

async function answers(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined);
  return (await answer?.text())?.startsWith('ok') ?? false;
}

async function settingsOf({ client }: Dockerd): Promise<string> {
  const { Config, HostConfig, Image } = await client.getContainer(NAME).inspect();
  const { tier } = Config.Labels;
  const { Memory, NetworkMode, RestartPolicy } = HostConfig;
  return JSON.stringify({ Image, env: Config.Env, cmd: Config.Cmd, tier, Memory, NetworkMode, RestartPolicy });
}

/** Until hale has seen the container well for as long as it asks for. */
async function known(pool: pg.Pool): Promise<void> {
  for (;;) {
    const { rowCount } = await pool.query('select from known_good where service = $1', [NAME]);
    if (rowCount === 1) return;
    await wait(250);
  }
}

/** In every column of every table, as the text that a dump would have. */
async function rowsWith(pool: pg.Pool, secret: string): Promise<number> {
  const { rows } = await pool.query<{ name: string }>(
    "select quote_ident(table_schema) || '.' || quote_ident(table_name) as name from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'",
  );
  let found = 0;
  for (const { name } of rows) {
    const counted = await pool.query<{ count: number }>(`select count(*)::int as count from ${name} t where t::text like $1`, [
      `%${secret}%`,
    ]);
    found += counted.rows[0]?.count ?? 0;
  }
  return found;
}

const configurationOf = ({ url }: Dockerd, folder: string, port: number): string => `apiVersion: hale/v1
secrets: {am: {file: ${join(folder, 'token')}}, seal: {file: ${join(folder, 'seal')}}}
sources: {dock: {docker: '${url}', seal: seal}}
intake: {am-prod: {accepts: alertmanager, token: am}}
services:
  ${NAME}:
    alerts: ['job="${NAME}"']
    target: {source: dock, container: ${NAME}}
    signals: {up: {http: 'http://127.0.0.1:${port}/health', every: ${EVERY_S}s, timeout: 2s, expect: {status: 200, body: '^ok'}}}
    objectives: {up: {above: 0, for: 0s, hold: ${3 * EVERY_S}s}}
    corrections:
      last-good: {docker: recreate, restore: lastGood, stopWithin: 1s, mode: act}
`;
