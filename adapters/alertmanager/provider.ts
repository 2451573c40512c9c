import { setTimeout as sleep } from 'node:timers/promises';
import type { Call, Provider, ReadBack, Target, Undone } from '../../activities/ports.js';
import type { Image } from '../../domain/effect.js';
import { TargetRefused } from '../../domain/failure.js';
import type { AlertmanagerAction } from '../../domain/service.js';
import { OWN, ask, hasEnded, isWell, silenceOf, silences, whyOf, type Found } from './api.js';

const lookAgainMs = 250;

/**
 * Makes one Alertmanager silent about one service, for a while in which people work. It heals nothing: it ends by itself, and
 * the undo ends it at once. The comment of a silence names its action.
 */
export const alertmanagerProvider = (): Provider<AlertmanagerAction> => ({
  kind: 'alertmanager',
  readBackBy: () => 'actionId',
  fencedBy: 'self',
  resourceOf: async ({ action: { source, labels } }) => `alertmanager/${new URL(source.url).host}/${textOf(labels)}`,
  image: async (target) => imageOf(target, await now(target)),
  examine: async ({ action: { labels } }, { identity, summary }) => {
    if (Object.keys(labels).length === 0) return { applicable: false, reason: emptySelector };
    return identity === AUDIBLE ? { applicable: true, evidence: summary } : { applicable: false, reason: summary };
  },
  apply,
  readBack: readBackWhenOver,
  undo,
});

type Asked = Target<AlertmanagerAction> & { readonly abort?: AbortSignal };

const AUDIBLE = 'audible';
const emptySelector = 'it names no label: an empty selector selects nothing';

const textOf = (labels: AlertmanagerAction['labels']): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .toSorted()
    .join(',');

/** Silences in force on exactly these labels, whoever set them. */
const now = async (target: Asked): Promise<readonly Found[]> =>
  (await within(target, (signal) => silences(target.action.source, signal))).filter((one) => isSet(one) && isOn(one, target.action.labels));

/** One of hale's own begins at once: where the server still says otherwise, hale's clock is ahead of the server's. */
const isSet = ({ status: { state }, createdBy }: Found): boolean => state === 'active' || (state === 'pending' && createdBy === OWN);

const isOn = ({ matchers }: Found, labels: AlertmanagerAction['labels']): boolean =>
  matchers.length === Object.keys(labels).length &&
  matchers.every(({ name, value, isRegex, isEqual = true }) => !isRegex && isEqual && labels[name] === value);

function imageOf({ action: { labels } }: Target<AlertmanagerAction>, found: readonly Found[], actionId?: string): Image {
  const lines = found.map(({ id, endsAt, createdBy }) => `${id} until ${endsAt} by ${createdBy}`).toSorted();
  const made = actionId === undefined ? {} : { actionId };
  if (lines.length === 0) return { identity: AUDIBLE, summary: `alerts with ${textOf(labels)} are heard`, content: made };
  return { identity: lines.join('; '), summary: `alerts with ${textOf(labels)} are silenced: ${lines.join('; ')}`, content: made };
}

const commentOf = ({ service, actionId }: Pick<Call, 'service' | 'actionId'>): string => `hale is at work on ${service}: ${actionId}`;

async function apply(call: Call<AlertmanagerAction>): Promise<Image> {
  const { source, labels, forMs } = call.action;
  if (Object.keys(labels).length === 0) throw new TargetRefused(emptySelector);
  await call.permit();
  // The server does not compare: this look is the last moment in which a silence of somebody else is seen.
  const found = await untouched(call, () => now(call));
  const seen = imageOf(call, found, call.actionId);
  if (found.some(isOf(call))) return seen;
  if (seen.identity !== call.before.identity) throw new TargetRefused(`it changed meanwhile: ${seen.summary}`);
  const from = Date.now();
  const body = silenceOf(labels, { from, until: from + forMs, comment: commentOf(call) });
  const answer = await within(call, (signal) => ask(source, { method: 'POST', path: '/silences', body, signal })).catch(refusedIfNotSent);
  if (answer.status >= 400 && answer.status < 500)
    throw new TargetRefused(`Alertmanager ${source.name} answered ${answer.status}: ${answer.text.slice(0, 200)}`);
  if (!isWell(answer)) throw new Error(`Alertmanager ${source.name} answered ${answer.status}: ${answer.text.slice(0, 200)}`);
  return imageOf(call, await now(call), call.actionId);
}

const isOf =
  (call: Pick<Call, 'service' | 'actionId'>) =>
  ({ comment }: Found): boolean =>
    comment === commentOf(call);

/** A request goes on at the server when its sender has died, so that "not done" is no answer before its time is over. */
async function readBackWhenOver(call: Call<AlertmanagerAction>): Promise<ReadBack> {
  for (;;) {
    const found = (await within(call, (signal) => silences(call.action.source, signal))).filter(isOf(call));
    // One that has ended meanwhile was set.
    if (found.length > 0) return { kind: 'applied', after: imageOf(call, found, call.actionId) };
    if (Date.now() >= (call.underWayUntil ?? 0)) return { kind: 'notApplied' };
    await sleep(lookAgainMs, undefined, { signal: call.abort });
  }
}

/** Ends hale's own silence; one that a person has made theirs, by prolonging it, is left alone. */
async function undo(call: Call<AlertmanagerAction>, after: Image): Promise<Undone> {
  const { source } = call.action;
  const own = { service: call.service, actionId: String(after.content.actionId) };
  const found = await now(call);
  const mine = found.filter(isOf(own));
  const image = imageOf(call, found);
  if (mine.length === 0) return { kind: image.identity === call.before.identity ? 'undone' : 'changedMeanwhile', now: image };
  if (!mine.every(({ id, endsAt }) => after.identity.includes(`${id} until ${endsAt}`))) return { kind: 'changedMeanwhile', now: image };
  await call.permit();
  for (const { id } of mine) {
    const answer = await within(call, (signal) => ask(source, { method: 'DELETE', path: `/silence/${encodeURIComponent(id)}`, signal }));
    if (!hasEnded(answer)) throw new Error(`Alertmanager ${source.name} answered ${answer.status}: ${answer.text.slice(0, 200)}`);
  }
  return { kind: 'undone', now: imageOf(call, await now(call)) };
}

async function within<T>({ action: { source }, timeoutMs, abort }: Asked, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const time = AbortSignal.timeout(timeoutMs);
  try {
    return await work(abort === undefined ? time : AbortSignal.any([time, abort]));
  } catch (error) {
    if (abort?.aborted) throw new Error(`asking Alertmanager ${source.name} was called off`, { cause: error });
    if (time.aborted) throw new Error(`Alertmanager ${source.name} did not answer within ${timeoutMs} ms`, { cause: error });
    throw new Error(`Alertmanager ${source.name} can't be asked: ${whyOf(error)}`, { cause: error });
  }
}

/** What went wrong before anything was sent is a refusal. */
async function untouched<T>({ abort }: Call, work: () => Promise<T>): Promise<T> {
  return work().catch((error: unknown) => {
    if (abort.aborted) throw error;
    throw new TargetRefused(error instanceof Error ? error.message : String(error));
  });
}

function refusedIfNotSent(error: unknown): never {
  const code = error instanceof Error ? codeOf(error) : undefined;
  if (error instanceof Error && (code === 'ECONNREFUSED' || code === 'ENOTFOUND')) throw new TargetRefused(error.message);
  throw error;
}

/** Of the innermost cause that has one. */
function codeOf(error: Error): string | undefined {
  const own = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return (error.cause instanceof Error ? codeOf(error.cause) : undefined) ?? own;
}
