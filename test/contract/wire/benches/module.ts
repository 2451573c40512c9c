import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ProviderModule } from '../bench.js';

const roots = ['../../../..', '../../../../dist', '../../../../../../dist'];

/** A provider of this repository as it is built: beside this file where that is compiled itself, else in dist. */
export function built(path: string, name: string): ProviderModule {
  const files = roots.map((root) => fileURLToPath(new URL(`${root}/${path}.js`, import.meta.url)));
  const file = files.find((one) => existsSync(one));
  if (file === undefined) throw new Error(`${path} is not built: npm run build`);
  return { file, name };
}
