import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { askersOf } from '../../client/cli/permissions/askers.js';
import { type Bounds, rightChecks } from '../../client/cli/permissions/asking.js';
import { configuredIn } from '../../client/cli/permissions/permissions.js';
import { freshFolder } from './knob.js';

interface Asking {
  readonly found?: ReadonlyMap<string, readonly string[]>;
  readonly bounds?: Bounds;
}

/** What doctor says about the rights that a configuration needs: `result name: sentence`, and what is to be run. */
export async function asked(configuration: string, { found, bounds }: Asking = {}): Promise<string[]> {
  const folder = await freshFolder();
  const file = join(folder, 'hale.yaml');
  await writeFile(file, `apiVersion: hale/v1\n${configuration}`);
  const { services } = await configuredIn(file);
  const checks = await rightChecks(services, askersOf(folder), found, bounds);
  return checks.map(({ result, name, sentence, command }) => `${result} ${name}: ${sentence}${command === null ? '' : ` > ${command}`}`);
}
