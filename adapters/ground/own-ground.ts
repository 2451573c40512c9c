import type { Ground, Target } from '../../activities/ports.js';
import type { Action } from '../../domain/service.js';
import { folderOf, pathsOfWords, type Folders } from './folders.js';
import { serverAtUrl, serverOfWords, type Servers } from './servers.js';

/** What this hale runs on, as its processes know it. */
export interface Stand {
  /** Identity of its own PostgreSQL, as the provider of databases names that; undefined while it does not tell. */
  readonly database: () => Promise<string | undefined>;
  /** `host:port` of its servers. */
  readonly servers: Servers;
  /** Its own files and folders: state, and the program itself. */
  readonly folders: Folders;
}

/** Recognised by identity, never by a service's name: a link into the state folder is the state folder. */
export const ownGround = (stand: Stand): Ground => ({
  async ownOf(target, resource) {
    const { action } = target;
    if (action.kind === 'postgres' && resource === (await stand.database())) return 'PostgreSQL';
    return (await serverOf(stand, action)) ?? (await folderOf(stand.folders, [...targetPaths(action), ...pathsOfWords(wordsOf(action))]));
  },
});

async function serverOf({ servers }: Stand, action: Action): Promise<string | undefined> {
  if (action.kind === 'alertmanager') return serverAtUrl(servers, action.source.url);
  if (action.kind !== 'http') return serverOfWords(servers, wordsOf(action));
  const { request, undoRequest } = action;
  return (await serverAtUrl(servers, request.url)) ?? (undoRequest && serverAtUrl(servers, undoRequest.url));
}

function targetPaths(action: Action): readonly string[] {
  if (action.kind === 'file') return [action.path];
  if (action.kind === 'git') return action.repository.startsWith('/') ? [action.repository] : [];
  if (action.kind === 'disk') return action.under;
  return action.kind === 'release' ? [action.link] : [];
}

/** Program and arguments of every command of an action. */
function wordsOf(action: Target['action']): readonly string[] {
  switch (action.kind) {
    case 'exec':
      return [...action.argv, ...(action.undoArgv ?? [])];
    case 'file':
    case 'release':
      return action.then ?? [];
    case 'alertmanager':
    case 'git':
    case 'disk':
    case 'runit':
    case 'systemd':
    case 'http':
    case 'postgres':
    case 'docker':
    case 'wait':
    case 'inactive':
      return [];
  }
}
