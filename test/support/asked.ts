import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { standingChecks } from '../../client/cli/permissions/asking.js';
import { configuredIn } from '../../client/cli/permissions/permissions.js';
import { freshFolder } from './knob.js';

/** What doctor says about the rights that a configuration needs: `result name: sentence`, and what is to be run. */
export async function asked(configuration: string): Promise<string[]> {
  const file = join(await freshFolder(), 'hale.yaml');
  await writeFile(file, `apiVersion: hale/v1\n${configuration}`);
  const { services } = await configuredIn(file);
  const checks = await standingChecks(services);
  return checks.map(({ result, name, sentence, command }) => `${result} ${name}: ${sentence}${command === null ? '' : ` > ${command}`}`);
}
