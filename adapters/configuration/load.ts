import { createHash } from 'node:crypto';
import { canonicalJson, checkConfiguration } from '../../contracts/configuration/check.js';
import type { Problem } from '../../contracts/configuration/problem.js';
import type { Fleet } from '../../domain/service.js';
import { thisMachine } from './surroundings.js';

export type Loaded =
  | { readonly kind: 'loaded'; readonly fleet: Fleet; readonly warnings: readonly Problem[] }
  /** The file can't be used; whatever configuration is current stays. */
  | { readonly kind: 'refused'; readonly errors: readonly Problem[]; readonly warnings: readonly Problem[] };

/** Reads, validates and resolves the configuration file and all it includes. Never throws for what the files say. */
export async function loadConfiguration(path: string): Promise<Loaded> {
  const checked = await checkConfiguration(path, thisMachine());
  if (checked.kind === 'refused') return checked;
  return { kind: 'loaded', fleet: { version: versionOf(checked.fleet), ...checked.fleet }, warnings: checked.warnings };
}

const versionOf = (fleet: Omit<Fleet, 'version'>): string => createHash('sha256').update(canonicalJson(fleet)).digest('hex').slice(0, 12);
