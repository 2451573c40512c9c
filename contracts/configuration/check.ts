import type { Paging } from '../../domain/channel.js';
import type { IntakeSource } from '../../domain/alert.js';
import type { Feed } from '../../domain/feed.js';
import type { Fleet, Policy, SecretReference, Service } from '../../domain/service.js';
import type { Context } from './context.js';
import { resolvePaging, withPage } from './channels.js';
import { checkDependencies } from './dependencies.js';
import { resolveFeeds } from './feeds.js';
import { sharedFile } from './file.js';
import { type PlugIns, type Surroundings, readFiles } from './files.js';
import { notYetActive } from './inactive.js';
import { refuseInClear } from './in-clear.js';
import { resolveIntake } from './intake.js';
import { resolvePolicy } from './policy.js';
import { type Problem, Problems } from './problem.js';
import { resolveService } from './services.js';
import type { Resolved } from './signals.js';
import { type Node, at, keysOf, plain, textOf } from './tree.js';

export type Checked =
  | {
      readonly kind: 'valid';
      readonly fleet: Omit<Fleet, 'version'>;
      readonly warnings: readonly Problem[];
      /** Each service in the words of the file, everything left out written out, each value with its place. */
      readonly effective: ReadonlyMap<string, Node>;
    }
  | { readonly kind: 'refused'; readonly errors: readonly Problem[]; readonly warnings: readonly Problem[] };

/** Reads, validates and resolves a configuration; everything wrong with it is said at once. */
export async function checkConfiguration(path: string, surroundings: Surroundings): Promise<Checked> {
  const problems = new Problems();
  const root = await readFiles(path, surroundings, problems);
  if (root === undefined) return refused(problems);
  problems.partsAreRead();
  const context: Context = {
    root,
    file: sharedFile.parse(plain(root)),
    problems,
    now: surroundings.now,
    secretUses: [],
    plugIns: await loadedPlugIns(root, surroundings),
  };
  const services = keysOf(at(root, 'services')).map((name) => resolveService(name, context));
  if (services.length === 0)
    problems.error((at(root, 'services') ?? root).place, 'has no services; allowed: at least one, such as services: {shop: {...}}');
  checkDependencies(
    services.map((service) => service.value),
    context,
  );
  const policy = resolvePolicy(context);
  const paging = resolvePaging(context);
  const intake = resolveIntake(context);
  const feeds = resolveFeeds(context, services);
  await checkSecrets(context, surroundings);
  refuseInClear(root, problems);
  if (problems.errors.length > 0) return refused(problems);
  return {
    kind: 'valid',
    fleet: fleetOf(context, services, { policy, paging, intake, feeds }),
    warnings: problems.warnings,
    effective: new Map(services.map(({ value, node }) => [value.name, withPage(node, value.team, context)])),
  };
}

const refused = ({ errors, warnings }: Problems): Checked => ({ kind: 'refused', errors, warnings });

/** What the file says beside its services. */
interface Shared {
  readonly policy: Policy | undefined;
  readonly paging: Paging;
  readonly intake: readonly IntakeSource[];
  readonly feeds: readonly Feed[];
}

function fleetOf(
  context: Context,
  services: readonly Resolved<Service>[],
  { policy, paging, intake, feeds }: Shared,
): Omit<Fleet, 'version'> {
  return {
    environment: context.file.environment ?? 'default',
    services: services.map((service) => service.value),
    ...(policy && { policy }),
    paging,
    ...(intake.length > 0 && { intake }),
    ...(feeds.length > 0 && { feeds }),
    notYetActive: notYetActive(context.root),
  };
}

/** Every module that a correction names, loaded before the corrections are looked at. */
async function loadedPlugIns(root: Node, surroundings: Surroundings): Promise<Context['plugIns']> {
  const holders = ['classes', 'services'].flatMap((section) =>
    keysOf(at(root, section)).map((name) => at(root, section, name, 'corrections')),
  );
  const named = holders.flatMap((corrections) => keysOf(corrections).flatMap((name) => textOf(at(corrections, name, 'plugIn')) ?? []));
  const loading = [...new Set(named)].map(async (path): Promise<[string, PlugIns | string]> => [
    path,
    await surroundings.plugIns(path).catch((error: unknown) => (error instanceof Error ? error.message : String(error))),
  ]);
  return new Map(await Promise.all(loading));
}

/** A secret that is not there makes its target unavailable and nothing else. */
async function checkSecrets(context: Context, surroundings: Surroundings): Promise<void> {
  const missing = await Promise.all(context.secretUses.map(async (use) => ((await isThere(use.reference, surroundings)) ? [] : [use])));
  for (const { reference, place } of missing.flat()) {
    const where = 'file' in reference ? `file ${reference.file}` : `environment variable ${reference.env}`;
    context.problems.warn(place, `${where} can't be read now: what needs this secret is unavailable, all else works`);
  }
}

async function isThere(reference: SecretReference, surroundings: Surroundings): Promise<boolean> {
  if ('env' in reference) return surroundings.env[reference.env] !== undefined;
  return surroundings.read(reference.file).then(
    () => true,
    () => false,
  );
}

/** The same text for the same configuration, whatever the order of keys in maps. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}
