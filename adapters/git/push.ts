import { TargetRefused } from '../../domain/failure.js';
import { sentenceOf, type Mirror } from './mirror.js';
import { REMOTE } from './run.js';

/** A branch and the commit that it is expected to stand at; an empty text stands for no branch. */
export interface Move {
  readonly branch: string;
  readonly expected: string;
  readonly to: string;
}

/**
 * Moves branches of the repository, all of them or none; one that stays where it is only has to be there. The repository
 * compares. `moved`: another commit is there, and nothing was done. Throws `TargetRefused` where it does
 * not want the push, and anything else where nobody can tell.
 */
export async function push({ tried }: Mirror, moves: readonly Move[]): Promise<'done' | 'moved'> {
  const leases = moves.map(({ branch, expected }) => `--force-with-lease=refs/heads/${branch}:${expected}`);
  const wanted = moves.map(({ branch, to }) => `${to}:refs/heads/${branch}`);
  const words = ['push', '--porcelain', '--no-verify', ...(moves.length > 1 ? ['--atomic'] : []), ...leases, REMOTE, ...wanted];
  const { code, stdout, stderr } = await tried(words);
  if (code === 0) return 'done';
  // A refused line of the answer is "!", from and to, and in words why.
  const refusals = stdout.split('\n').filter((line) => line.startsWith('!'));
  const whys = refusals.map((line) => line.split('\t').at(-1) ?? '');
  if (whys.some((why) => /stale info|fetch first|failed to update ref|cannot lock ref|incorrect old value/.test(why))) return 'moved';
  if (whys.length > 0 && whys.every((why) => /^\[(remote )?rejected\]/.test(why)))
    throw new TargetRefused(`the repository refuses the push: ${whys.join('; ')} ${sentenceOf(stderr)}`);
  throw new Error(`git push: ${whys.join('; ') || sentenceOf(stderr) || `it ended with code ${code}`}`);
}
