import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Call, Examined, Provider, ReadBack, Target, Undone } from '../../activities/ports.js';
import type { Image } from '../../domain/effect.js';
import { NotPermitted, TargetRefused } from '../../domain/failure.js';
import type { GitAction } from '../../domain/service.js';
import { changedAt, commitLike, commitOf, contentsAt, nameOf, TRAILER, type Contents } from './contents.js';
import { branchesNow, fetchCommit, mirrorOf, reach, type Mirror } from './mirror.js';
import { patienceOf } from './patience.js';
import { push } from './push.js';

const lookAgainMs = 1_000;
/** Others may commit elsewhere on the branch between a look and a push. */
const pushesMax = 5;

/** The branch as it is now, and the branches on which hale proposes something for this service. */
interface Seen {
  readonly mirror: Mirror;
  readonly head: string;
  readonly contents: Contents;
  readonly proposals: Readonly<Record<string, string>>;
}

/**
 * Puts paths of a repository back as they were when the service was last well: by a commit upon what is there now, so that
 * nothing of others is lost. The repository compares: a push names the commit that it expects there.
 */
export const gitProvider = (folder: string): Provider<GitAction> => ({
  kind: 'git',
  readBackBy: () => 'actionId',
  fencedBy: 'target',
  resourceOf: async ({ action: { repository, branch, paths } }) => `git/${repository}#${branch}:${paths.toSorted().join(',')}`,
  image: async (target) => imageOf(target, await look(folder, target)),
  examine: (target, current, good) => examine(folder, target, current, good),
  apply: (call) => apply(folder, call),
  readBack: (call) => readBack(folder, call),
  undo: (call, after) => (call.action.push === 'direct' ? putBack(folder, call, after) : withdraw(folder, call, after)),
});

async function look(
  folder: string,
  { service, action, timeoutMs, abort }: Target<GitAction> & { readonly abort?: AbortSignal },
): Promise<Seen> {
  if (action.paths.length === 0) throw new TargetRefused('it names no path: an empty selector selects nothing');
  const mirror = await mirrorOf(folder, action.repository, patienceOf(timeoutMs, abort));
  return lookAgain(mirror, service, action);
}

async function lookAgain(mirror: Mirror, service: string, { branch, paths, push: how }: GitAction): Promise<Seen> {
  const own = ownBranches(service);
  const branches = await branchesNow(mirror, [branch, ...(how === 'branch' ? [`${own}*`] : [])]);
  const head = branches.get(branch);
  if (head === undefined) throw new TargetRefused(`the repository has no branch ${branch}`);
  await fetchCommit(mirror, branch, head);
  const proposals = Object.fromEntries([...branches].filter(([name]) => name.startsWith(own)));
  return { mirror, head, contents: await contentsAt(mirror, head, paths), proposals };
}

const ownBranches = (service: string): string => `hale/${service}/`;

function imageOf(
  { action: { branch, paths, push: how } }: Target<GitAction>,
  { head, contents, proposals }: Omit<Seen, 'mirror'>,
  made?: Pick<Call, 'actionId'>,
): Image {
  const proposed = Object.entries(proposals).map(([name, id]) => `${name} at ${id.slice(0, 12)}`);
  return {
    identity: [nameOf(contents), ...(how === 'branch' ? proposed : [])].join(' '),
    summary: [`${paths.join(', ')} of ${branch} as in ${head.slice(0, 12)}`, ...proposed.map((one) => `proposed: ${one}`)].join('; '),
    content: { commit: head, contents, proposals, ...(made && { actionId: made.actionId }) },
  };
}

const commitIn = ({ content }: Image): string => String(content.commit);
const contentsIn = ({ content }: Image): string => nameOf((content.contents ?? {}) as Contents);

async function examine(folder: string, target: Target<GitAction>, current: Image, good: Image | undefined): Promise<Examined> {
  const no = (reason: string): Examined => ({ applicable: false, reason });
  const { branch, paths } = target.action;
  if (good === undefined) return no(`no good version of ${paths.join(', ')} was seen yet`);
  if (contentsIn(good) === contentsIn(current)) return no(`it is the last known good version: ${good.summary}`);
  const [open] = Object.keys((current.content.proposals ?? {}) as Seen['proposals']);
  if (open !== undefined) return no(`${open} proposes something already: people merge or delete it`);
  const mirror = await mirrorOf(folder, target.action.repository, patienceOf(target.timeoutMs));
  if (!(await reach(mirror, commitIn(good)))) return no(`the last known good version is not in the repository any more: ${good.summary}`);
  const goal = imageOf(target, { head: commitIn(good), contents: good.content.contents as Contents, proposals: {} });
  const when = await changedAt(mirror, commitIn(current), paths);
  return {
    applicable: true,
    evidence: `${current.summary}; the last known good version is another: ${goal.summary}; put back on ${branch} upon what is there now`,
    goal,
    ...(when === undefined ? {} : { changedAt: when }),
  };
}

/** Up to the push nothing is done, whatever goes wrong. */
async function apply(folder: string, call: Call<GitAction>): Promise<Image> {
  const { goal, before, action } = call;
  if (goal === undefined) throw new TargetRefused('it was prepared without saying what it is to become');
  const words = `Put back the last known good ${action.paths.join(', ')}\n\nAs in ${commitIn(goal)}.`;
  return deliver(folder, call, { from: commitIn(goal), expected: before, message: messageOf(call, words) });
}

interface Wish {
  /** The commit whose paths are wanted. */
  readonly from: string;
  readonly expected: Image;
  readonly message: string;
}

/** Who reads the branch, hale itself included, knows by the trailers what it was. No word of an alert gets here. */
const messageOf = ({ actionId, fence, service }: Call, words: string): string =>
  `${words}\n\n${TRAILER}: ${actionId}\nHale-Fence: ${fence}\nHale-Service: ${service}\n`;

/** A branch that moved is looked at again: whether what stands at the paths is still as expected, decides. */
async function deliver(folder: string, call: Call<GitAction>, { from, expected, message }: Wish): Promise<Image> {
  const { paths, branch, push: how } = call.action;
  let seen = await untouched(call, () => look(folder, call));
  for (let tries = 1; tries <= pushesMax; tries++) {
    const { mirror, head } = seen;
    const now = imageOf(call, seen);
    if (now.identity !== expected.identity) return earlierTry(call, seen);
    const to = await untouched(call, async () => {
      if (await reach(mirror, from)) return commitLike(mirror, { head, from, paths, message });
      throw new TargetRefused(`${from} is not in the repository any more`);
    });
    const own = branchOf(call);
    const moves =
      how === 'direct'
        ? [{ branch, expected: head, to }]
        : [
            { branch, expected: head, to: head },
            { branch: own, expected: '', to },
          ];
    await call.permit();
    if ((await push(mirror, moves)) === 'done') return how === 'direct' ? committed(call, seen, to) : proposed(call, seen, to);
    seen = await untouched(call, () => lookAgain(mirror, call.service, call.action));
  }
  throw new TargetRefused(`${branch} moved ${pushesMax} times in a row`);
}

const committed = async (call: Call<GitAction>, { mirror }: Seen, id: string): Promise<Image> =>
  imageOf(call, { head: id, contents: await contentsAt(mirror, id, call.action.paths), proposals: {} }, call);

const proposed = (call: Call<GitAction>, { proposals, ...seen }: Seen, id: string): Image =>
  imageOf(call, { ...seen, proposals: { ...proposals, [branchOf(call)]: id } }, call);

async function earlierTry(call: Call<GitAction>, seen: Seen): Promise<Image> {
  const found = await untouched(call, () => find(call, seen));
  if (found !== undefined) return found;
  throw new TargetRefused(`it changed meanwhile: ${imageOf(call, seen).summary}`);
}

/** What this action left, if it is in the repository: its branch, or its commit with what stood at the paths then. */
async function find(call: Call<GitAction>, seen: Seen): Promise<Image | undefined> {
  if (seen.proposals[branchOf(call)] !== undefined) return imageOf(call, seen, call);
  const id = await commitOf(seen.mirror, seen.head, call.actionId);
  return id === undefined ? undefined : committed(call, seen, id);
}

/** Words of an action id that a branch may have, and a hash, since two ids may differ in the others only. */
function branchOf({ service, actionId }: Pick<Call, 'service' | 'actionId'>): string {
  const hash = createHash('sha256').update(actionId).digest('hex').slice(0, 8);
  return `${ownBranches(service)}${actionId.replaceAll(/[^A-Za-z0-9_-]+/g, '-')}-${hash}`;
}

/** A push goes on at the other side when its sender has died, so that "not done" is no answer before its time is over. */
async function readBack(folder: string, call: Call<GitAction>): Promise<ReadBack> {
  for (;;) {
    const found = await readBackNow(folder, call);
    if (found.kind !== 'notApplied' || Date.now() >= (call.underWayUntil ?? 0)) return found;
    await sleep(lookAgainMs, undefined, { signal: call.abort });
  }
}

async function readBackNow(folder: string, call: Call<GitAction>): Promise<ReadBack> {
  const after = await find(call, await look(folder, call));
  return after === undefined ? { kind: 'notApplied' } : { kind: 'applied', after };
}

/** One more commit, with the paths as they were before. */
async function putBack(folder: string, call: Call<GitAction>, after: Image): Promise<Undone> {
  const now = imageOf(call, await look(folder, call));
  if (contentsIn(now) === contentsIn(call.before)) return { kind: 'undone', now };
  const words = `Take back what hale put there in ${commitIn(after).slice(0, 12)}\n\nAs in ${commitIn(call.before)}.`;
  try {
    const wish = { from: commitIn(call.before), expected: after, message: messageOf(call, words) };
    return { kind: 'undone', now: await deliver(folder, call, wish) };
  } catch (error) {
    if (!(error instanceof TargetRefused)) throw error;
    const then = imageOf(call, await look(folder, call));
    if (contentsIn(then) === contentsIn(after)) throw error;
    return { kind: 'changedMeanwhile', now: then };
  }
}

/** Deletes the proposal, unless people have merged it or added to it. */
async function withdraw(folder: string, call: Call<GitAction>, after: Image): Promise<Undone> {
  const actionId = String(after.content.actionId);
  const branch = branchOf({ ...call, actionId });
  const seen = await look(folder, call);
  const now = imageOf(call, seen);
  if ((await commitOf(seen.mirror, seen.head, actionId)) !== undefined) return { kind: 'changedMeanwhile', now };
  const id = seen.proposals[branch];
  if (id === undefined) return { kind: 'undone', now };
  if (id !== ((after.content.proposals ?? {}) as Seen['proposals'])[branch]) return { kind: 'changedMeanwhile', now };
  await call.permit();
  const { [branch]: _, ...others } = seen.proposals;
  if ((await push(seen.mirror, [{ branch, expected: id, to: '' }])) === 'done')
    return { kind: 'undone', now: imageOf(call, { ...seen, proposals: others }) };
  return { kind: 'changedMeanwhile', now: imageOf(call, await look(folder, call)) };
}

/** A failure before anything was touched is a refusal. */
async function untouched<T>(call: Call<GitAction>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (call.abort.aborted || error instanceof NotPermitted || error instanceof TargetRefused) throw error;
    throw new TargetRefused(error instanceof Error ? error.message : String(error));
  }
}
