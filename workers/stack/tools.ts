import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { CannotStart } from './cannot-start.js';

const toolsSchema = z.object({ temporalCli: z.string() });

/** The Temporal CLI that setup found. Throws CannotStart when it is not there any more. */
export function temporalCli(): string {
  const file = fileURLToPath(new URL('../../../.hale/tools.json', import.meta.url));
  const tools = existsSync(file) ? toolsSchema.safeParse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
  const path = process.env.HALE_TEMPORAL_CLI ?? tools?.data?.temporalCli;
  if (path !== undefined && existsSync(path)) return path;
  throw new CannotStart(
    `the Temporal CLI is not there (${path ?? file}). Run \`npm run setup\`, set HALE_TEMPORAL_CLI to its path, or give a running server: --temporal 127.0.0.1:7233.`,
  );
}
