import { z } from 'zod';
import { fleetFile } from './file.js';

/** JSON Schema of the configuration file, by which editors complete and underline. hale's own check says more. */
export function editorSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(fleetFile, { io: 'input', target: 'draft-7', unrepresentable: 'any' });
  return { ...schema, $schema: 'http://json-schema.org/draft-07/schema#', title: 'hale configuration' };
}
