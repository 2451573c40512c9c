import type { GitAction } from '../../domain/service.js';
import type { Patience, RightState } from '../../domain/right.js';
import { sentenceOf } from './mirror.js';
import { patienceOf } from './patience.js';
import { gitEnvironment, REMOTE, runGit } from './run.js';

/** How an administrator is told what is pushed. */
export const pushLine = ({ push, branch }: Pick<GitAction, 'push' | 'branch'>): string =>
  push === 'direct' ? `push to ${branch}` : `read ${branch}, push branches hale/*`;

/** Whether a repository can be read, and has the branches. Never pushes, so that nobody can tell whether hale may. */
export async function rightsInRepository(
  actions: readonly [GitAction, ...GitAction[]],
  { timeoutMs, abort }: Patience,
): Promise<readonly RightState[]> {
  const { GIT_DIR: _none, ...env } = gitEnvironment('', actions[0].repository);
  const wanted = actions.map(({ branch }) => `refs/heads/${branch}`);
  const { code, stdout, stderr } = await runGit(env, ['ls-remote', '--heads', REMOTE, ...wanted], patienceOf(timeoutMs, abort));
  if (code !== 0) throw new Error(`it can't be read: ${sentenceOf(stderr) || `git ended with code ${code}`}`);
  const branches = new Set(stdout.split('\n').map((line) => line.split('\trefs/heads/')[1]));
  return actions.map((action): RightState => {
    const line = pushLine(action);
    if (!branches.has(action.branch)) return { kind: 'missing', line, why: `there is no branch ${action.branch}` };
    return { kind: 'notAsked', line, why: 'it can be read; only a push tells whether hale may push' };
  });
}
