import type { Action, Correction, Service } from '../service.js';

/** A controller that keeps its objects as a repository says is reached through that. */
const BY_GIT = ['argocd', 'flux'];

/** What changes nothing of the service itself, and what a controller of the whole does not own. */
const OF_NOBODY: readonly Action['kind'][] = ['alertmanager', 'wait'];

/**
 * Waiting changes nothing, a silence nothing of the service, and sessions in a database belong to no controller: one that runs the server, such as Patroni,
 * owns its configuration, its role and its life.
 */
export function ownerOf({ managedBy }: Service, { action, through }: Correction): string | undefined {
  if (managedBy === undefined || isNobodys(action)) return undefined;
  if ((through === 'git' || action.kind === 'git') && BY_GIT.includes(managedBy)) return undefined;
  return through === managedBy ? undefined : managedBy;
}

const isNobodys = (action: Action): boolean =>
  OF_NOBODY.includes(action.kind) || (action.kind === 'postgres' && action.statement !== 'setting' && action.statement !== 'dropSlot');
