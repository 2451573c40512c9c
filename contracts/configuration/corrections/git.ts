import { z } from 'zod';
import { formatDuration } from '../../../domain/duration.js';
import type { Context } from '../context.js';
import { pathInRepository } from '../intake-file.js';
import { unknown } from '../problem.js';
import { choice, name } from '../scalars.js';
import { type Node, at, textOf } from '../tree.js';
import { correctionKind, onlyIf, through } from './kind.js';

/** People read and merge what stands on a branch of its own; the symptom is given that long. */
const MERGE_MS = 3_600_000;

const pathError = 'a path below the root of the repository, without ., .., .git or wildcards in it, such as deploy/checkout';
/** git puts nothing back at any other: it would name the whole repository, what no commit has, or no file at all. */
const path = pathInRepository.refine((text) => !/[*?]/.test(text) && !text.split('/').some(isNoName), { error: pathError });

const isNoName = (part: string): boolean => /^(\.{1,2}|\.git)$/i.test(part);

export const git = correctionKind({
  main: 'git',
  keys: {
    git: choice('lastGood').optional().describe('Puts paths of a repository back as they were when the service was last well'),
    paths: z.array(path).min(1, { error: 'at least one path: an empty selector selects nothing' }).max(20).optional(),
    source: name.optional().describe('Which of `sources` it is about'),
    push: choice('direct', 'branch').optional().describe('On the branch itself, or as a branch of its own that people merge'),
    onlyIf,
    through,
  },
  defaults: (written) => ({
    push: 'branch',
    ...(textOf(at(written, 'push')) !== 'direct' && { within: formatDuration(MERGE_MS) }),
  }),
  undo: () => 'restores',
  action: ({ paths, push = 'branch' }, { node, context }) => {
    const source = repositoryNamed(node, context);
    if (paths === undefined)
      context.problems.error(node.place, 'names no paths; allowed: paths: [deploy/checkout] (an empty selector selects nothing)');
    if (source === undefined || paths === undefined) return undefined;
    return { kind: 'git', ...source, paths: [...new Set(paths.map((path) => path.replace(/\/+$/, '')))], push };
  },
});

function repositoryNamed(node: Node, context: Context): { readonly repository: string; readonly branch: string } | undefined {
  const sources = context.file.sources ?? {};
  const named = textOf(at(node, 'source'));
  const known = Object.keys(sources).filter((one) => sources[one]?.git !== undefined);
  const source = named !== undefined && known.includes(named) ? sources[named] : undefined;
  if (source?.git !== undefined) return { repository: source.git, branch: source.branch ?? 'main' };
  const example = 'source: conf, with sources: {conf: {git: https://git.internal/conf.git}}';
  context.problems.error(
    (at(node, 'source') ?? node).place,
    named === undefined ? `names no repository; allowed: ${example}` : unknown('git source', named, known),
  );
  return undefined;
}
