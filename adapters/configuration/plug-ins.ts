import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createRequire } from 'node:module';
import type { PlugIns } from '../../contracts/configuration/files.js';
import { faultOf, isMeantAsPlugIn } from '../../contracts/configuration/corrections/plug-in-parts.js';
import type { PlugIn } from '../../contracts/plug-in.js';
import { tryLoading, withinLimit } from './trial.js';

/** Whoever waits for a module takes up no other change of the configuration. */
const loadMs = 10_000;

const loaded = new Map<string, Promise<PlugIns>>();

/**
 * The corrections that a module exports, loaded once in the life of this process, after a trial in another one. Throws a sentence when
 * there is no such module, when it fails while it loads or does not come to an end with it, or when it exports no correction.
 */
export function loadPlugIns(path: string, limitMs = loadMs): Promise<PlugIns> {
  const known = loaded.get(path);
  if (known !== undefined) return known;
  const loading = load(path, limitMs);
  loaded.set(path, loading);
  // What failed may be repaired without a new start.
  loading.catch(() => loaded.delete(path));
  return loading;
}

async function load(path: string, limitMs: number): Promise<PlugIns> {
  const { href } = pathToFileURL(await entryOf(path));
  await tryLoading(href, limitMs);
  const exported = await withinLimit(import(href) as Promise<Readonly<Record<string, unknown>>>, limitMs);
  const plugIns = Object.fromEntries(
    Object.entries(exported).flatMap(([name, value]) =>
      isMeantAsPlugIn(value) ? [[name, faultOf(value) ?? (value as unknown as PlugIn)]] : [],
    ),
  );
  if (Object.keys(plugIns).length === 0)
    throw new Error('it exports no correction; allowed: export const NAME = defineCorrection({undo, resource, look, act})');
  return plugIns;
}

/** A file as it is; of a folder what its package.json calls its entry. */
async function entryOf(path: string): Promise<string> {
  if ((await stat(path)).isFile()) return path;
  return createRequire(join(path, 'package.json')).resolve(path);
}
