import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { seeded } from '../random.js';

/**
 * One lab: a shop with its database, supervisor and traffic under one folder. Every name is a random word of the seed and every
 * port a free one, so that nothing can be recognised by its name.
 */
export interface Site {
  readonly folder: string;
  readonly seed: number;
  readonly service: string;
  readonly table: string;
  readonly database: { readonly name: string; readonly owner: string; readonly analyst: string; readonly password: string };
  readonly ports: { readonly shop: number; readonly database: number; readonly supervisor: number; readonly traffic: number };
  readonly releases: { readonly older: string; readonly good: string; readonly next: string };
  /** Absolute paths: the shop's configuration file, and the symlink to the release that runs. */
  readonly config: string;
  readonly link: string;
}

export async function planSite(folder: string, seed: number): Promise<Site> {
  const [service = '', table = '', name = '', owner = '', analyst = '', older = '', good = '', next = '', config = '', link = ''] =
    seeded(seed).words(10);
  const at = resolve(folder);
  const [shop = 0, database = 0, supervisor = 0, traffic = 0] = await freePorts(4);
  return {
    folder: at,
    seed,
    service,
    table,
    database: { name, owner, analyst, password: `${name}-${analyst}-${seed}` },
    ports: { shop, database, supervisor, traffic },
    releases: { older, good, next },
    config: join(at, service, `${config}.json`),
    link: join(at, service, link),
  };
}

/** Free loopback ports, all different since all are held until the last is known. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((ready) => {
          const server = createServer().listen(0, '127.0.0.1', () => ready(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}

/** Where things lie inside the site's folder. */
export const paths = {
  facts: (folder: string): string => join(folder, 'site.json'),
  releases: (site: Site): string => join(site.folder, site.service, 'releases'),
  release: (site: Site, name: string): string => join(site.folder, site.service, 'releases', name),
  log: (site: Site, name: string): string => join(site.folder, 'logs', `${name}.log`),
  ledger: (site: Site): string => join(site.folder, 'supervisor', 'ledger.ndjson'),
  pidFile: (site: Site): string => join(site.folder, 'supervisor', 'shop.pid'),
  supervisorSettings: (site: Site): string => join(site.folder, 'supervisor', 'settings.json'),
  data: (site: Site): string => join(site.folder, 'database'),
  postmaster: (site: Site): string => join(site.folder, 'database', 'postmaster.pid'),
  passwordFile: (site: Site): string => join(site.folder, 'secrets', 'database-password'),
  haleYaml: (site: Site): string => join(site.folder, 'hale.yaml'),
};

export async function saveSite(site: Site): Promise<void> {
  await writeFile(paths.facts(site.folder), `${JSON.stringify(site, null, 2)}\n`);
}

/** Reads back a site that another process opened. Throws with the way out when there is none. */
export async function loadSite(folder: string): Promise<Site> {
  const text = await readFile(paths.facts(folder), 'utf8').catch(() => {
    throw new Error(`no lab under ${folder}: start one with \`hale lab demo\` or \`npm start\`, or name its folder with --state`);
  });
  return JSON.parse(text) as Site;
}
