import { lstatSync, readdirSync, readlinkSync, statSync, symlinkSync, type Stats } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Commands, Provider } from '../../activities/ports.js';
import type { Image } from '../../domain/effect.js';
import type { Action } from '../../domain/service.js';
import { restoringProvider, type Goal, type Restorable } from './restoring.js';

type ReleaseAction = Extract<Action, { kind: 'release' }>;

/** Points a release's symbolic link (`current`) back to an earlier release. */
export const releaseProvider = (commands: Commands): Provider<ReleaseAction> => restoringProvider(release, commands);

const release: Restorable<ReleaseAction> = {
  kind: 'release',
  pathOf: (action) => action.link,
  look: lookAtLink,
  goalOf: (action, before, good) => {
    if (typeof before.content.to !== 'string') return { kind: 'none', reason: before.summary };
    const byAge = action.restore === 'previous' && (good === undefined || good.identity === before.identity);
    return byAge ? previousOf(action, before) : lastGood(before, good);
  },
  obstacle: ({ link }, _before, { content: { to }, summary }) => {
    if (typeof to !== 'string') return `its last known good state can't be restored: ${summary}`;
    return modifiedAt(resolve(dirname(link), to)) === undefined ? `the release to go back to is gone: ${summary}` : undefined;
  },
  swapTo: (path, from, to) => ({
    path,
    isUnchanged: () => lookAtLink(path).identity === from.identity,
    stage: (temporary) => symlinkSync(String(to.content.to), temporary),
  }),
};

function lookAtLink(link: string): Image {
  const stats = lstatSync(link, { throwIfNoEntry: false });
  if (stats === undefined) return { identity: 'absent', summary: `there is no ${basename(link)}`, content: {} };
  if (!stats.isSymbolicLink()) return { identity: `no link ${stats.ino}`, summary: `${basename(link)} is no symbolic link`, content: {} };
  return imageOf(link, readlinkSync(link), stats);
}

const imageOf = (link: string, to: string, since?: Stats): Image => ({
  identity: `-> ${to}`,
  summary: `${basename(link)} -> ${to}${since === undefined ? '' : `, since ${since.ctime.toISOString()}`}`,
  content: { to, ...(since === undefined ? {} : { changedAt: since.ctimeMs }) },
});

function lastGood(before: Image, good: Image | undefined): Goal {
  if (good === undefined) return { kind: 'none', reason: 'no good release was seen yet' };
  if (good.identity === before.identity) return { kind: 'none', reason: `it is the last known good release: ${good.summary}` };
  return { kind: 'goal', image: good, why: 'the last known good release is another' };
}

/**
 * The youngest sibling that is older than the one in force. Also from a release that counts as good: a defect that takes
 * longer than the hold window to show has been taken for good.
 */
function previousOf({ link }: ReleaseAction, before: Image): Goal {
  const to = String(before.content.to);
  const folder = resolve(dirname(link), dirname(to));
  const inForce = modifiedAt(resolve(dirname(link), to));
  if (inForce === undefined) return { kind: 'none', reason: `${to} does not exist, so nobody can tell which release came before it` };
  const [previous] = foldersIn(folder)
    .map((name) => ({ name, at: modifiedAt(join(folder, name)) ?? Infinity }))
    .filter(({ name, at }) => name !== basename(to) && at < inForce)
    .sort((a, b) => b.at - a.at);
  if (previous === undefined) return { kind: 'none', reason: `no release in ${folder} is older than ${basename(to)}` };
  return { kind: 'goal', image: imageOf(link, join(dirname(to), previous.name)), why: 'the release before it, by its age' };
}

const foldersIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name);

function modifiedAt(folder: string): number | undefined {
  const stats = statSync(folder, { throwIfNoEntry: false });
  return stats?.isDirectory() ? stats.mtimeMs : undefined;
}
