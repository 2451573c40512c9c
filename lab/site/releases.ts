import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, readlink, rename, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ShopConfig } from '../shop/contract.js';
import { paths, type Site } from './site.js';

export type Soundness = 'sound' | 'throwing' | 'leaking';

const shop = (file: string): string => fileURLToPath(new URL(`../shop/${file}`, import.meta.url));
const ordersOf: Readonly<Record<Soundness, string>> = {
  sound: 'orders.js',
  throwing: 'defects/throwing.js',
  leaking: 'defects/leaking.js',
};

/** Puts a release folder with real code beside the others. */
export async function buildRelease(site: Site, name: string, soundness: Soundness): Promise<void> {
  const folder = paths.release(site, name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), `${JSON.stringify({ name, type: 'module' })}\n`);
  await copyFile(shop('server.js'), join(folder, 'server.js'));
  await copyFile(shop(ordersOf[soundness]), join(folder, 'orders.js'));
}

/** Releases find their packages where this project has them. */
export async function linkPackages(site: Site): Promise<void> {
  const pg = dirname(createRequire(import.meta.url).resolve('pg/package.json'));
  await symlink(dirname(pg), join(paths.releases(site), 'node_modules'));
}

/** Points the link to a release in one step, as a deploy does. */
export async function switchTo(site: Site, name: string): Promise<void> {
  const next = `${site.link}.${randomUUID()}`;
  await symlink(paths.release(site, name), next);
  await rename(next, site.link);
}

export async function releaseNow(site: Site): Promise<string> {
  return basename(await readlink(site.link));
}

export async function writeShopConfig(site: Site, databasePort: number): Promise<void> {
  const { name, owner, password } = site.database;
  const config: ShopConfig = {
    port: site.ports.shop,
    table: site.table,
    database: { port: databasePort, name, user: owner, password },
  };
  await writeFile(site.config, `${JSON.stringify(config, null, 2)}\n`);
}
