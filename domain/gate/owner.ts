import type { Correction, Service } from '../service.js';

/** A controller that keeps its objects as a repository says is reached through that. */
const BY_GIT = ['argocd', 'flux'];

/**
 * Waiting changes nothing, and sessions in a database belong to no controller: one that runs the server, such as Patroni,
 * owns its configuration, its role and its life.
 */
export function ownerOf({ managedBy }: Service, { action, through }: Correction): string | undefined {
  if (managedBy === undefined || action.kind === 'wait' || action.kind === 'postgres') return undefined;
  if ((through === 'git' || action.kind === 'git') && BY_GIT.includes(managedBy)) return undefined;
  return through === managedBy ? undefined : managedBy;
}
