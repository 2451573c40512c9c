import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { userInfo } from 'node:os';
import type { Action } from '../../domain/service.js';
import type { RightState } from '../../domain/right.js';

type FileAction = Extract<Action, { kind: 'file' | 'release' }>;

/** How an administrator is told what is replaced. */
export const replaceLine = (action: FileAction): string =>
  action.kind === 'file' ? `write ${action.path} and files beside it` : `replace the link ${action.link}`;

/** Whether this account may put another file or link in the place of one, with the same owner. */
export function rightToReplace(action: FileAction): RightState {
  const line = replaceLine(action);
  const why = action.kind === 'file' ? fileObstacle(action.path) : folderObstacle(dirname(action.link));
  return why === undefined ? { kind: 'granted', line } : { kind: 'missing', line, why };
}

function fileObstacle(path: string): string | undefined {
  const { uid: own, username } = userInfo();
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return folderObstacle(dirname(path));
  if (!may(path, constants.R_OK)) return `${username} may not read it`;
  if (own !== 0 && stats.uid !== own) return `it belongs to user ${stats.uid}, to whom ${username} can't give its copy back`;
  return folderObstacle(dirname(realpathSync(path)));
}

/** What is replaced is renamed over, which is a matter of its folder. */
function folderObstacle(folder: string): string | undefined {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return `there is no folder ${folder}`;
  return may(folder, constants.W_OK | constants.X_OK) ? undefined : `${userInfo().username} may not write ${folder}`;
}

function may(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
