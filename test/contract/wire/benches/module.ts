import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ProviderModule } from '../bench.js';

const roots = ['../../../..', '../../../../dist', '../../../../../../dist'];

/** A provider of this repository as it is built: beside this file where that is compiled itself, else in dist. */
export function built(path: string, name: string): ProviderModule {
  const files = roots.map((root) => fileURLToPath(new URL(`${root}/${path}.js`, import.meta.url)));
  const file = files.find((one) => existsSync(one));
  if (file === undefined) throw new Error(`${path} is not built: npm run build`);
  return { file, name };
}

/** A provider that is made of parts: `make` puts together what is imported, each name from its module. */
export function assembled(parts: Readonly<Record<string, string>>, make: string): ProviderModule {
  const imports = Object.entries(parts).map(([name, path]) => {
    const { href } = pathToFileURL(built(path, name).file);
    return `import { ${name} } from ${JSON.stringify(href)};`;
  });
  const file = join(mkdtempSync(join(tmpdir(), 'hale-wire-')), 'provider.mjs');
  process.once('exit', () => rmSync(dirname(file), { recursive: true, force: true }));
  writeFileSync(file, [...imports, `export const provider = () => ${make};`, ''].join('\n'));
  return { file, name: 'provider' };
}
