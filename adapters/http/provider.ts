import { setTimeout as sleep } from 'node:timers/promises';
import type { Call, Provider, ReadBack, Target, Undone } from '../../activities/ports.js';
import type { Image } from '../../domain/effect.js';
import { TargetRefused } from '../../domain/failure.js';
import type { Action, HttpRequest } from '../../domain/service.js';
import { exchange, type Exchange } from './request.js';

const lookAgainMs = 250;

type Http = Extract<Action, { kind: 'http' }>;

/**
 * Sends a request of the configuration with `Idempotency-Key` and `Hale-Fence`. 2xx: done. 4xx: refused, nothing done.
 * Anything else, or no answer, is unclear until `verify` says 200 (done) or 404 (not done). Its ETag names the state.
 */
export function httpProvider(): Provider<Http> {
  return {
    kind: 'http',
    readBackBy: (action) => (action.verifyUrl === undefined ? 'none' : 'actionId'),
    fencedBy: 'self',
    resourceOf: async ({ action }) => resourceOf(action.request.url),
    image: async (target) => opaque(target),
    examine: async ({ action: { request } }) =>
      isAddress(request.url)
        ? { applicable: true, evidence: `${request.method} ${request.url} can be asked` }
        : { applicable: false, reason: noAddress(request.url) },
    apply: async (call) => {
      await send(call, call.action.request);
      const found = await readBack(call);
      return found.kind === 'applied' ? found.after : seen(call, undefined);
    },
    readBack: readBackWhenOver,
    undo,
  };
}

/** Permission is asked last. Throws when the request was not done, or when nobody can tell. */
async function send(call: Call<Http>, request: HttpRequest): Promise<void> {
  if (!isAddress(request.url)) throw new TargetRefused(noAddress(request.url));
  await call.permit();
  const { timeoutMs, abort } = call;
  const answer = await exchange({ ...request, headers: { ...request.headers, ...identify(call) }, timeoutMs, abort });
  if (answer.kind === 'notSent') throw new TargetRefused(answer.why);
  if (answer.kind === 'unclear') throw new Error(answer.why);
  if (answer.status >= 200 && answer.status < 300) return;
  const sentence = `${request.method} ${request.url} answered ${answer.status}: ${answer.body.slice(0, 300)}`;
  if (isRefusal(answer.status)) throw new TargetRefused(sentence);
  throw new Error(sentence);
}

/** 408 says that the server gave up waiting, which leaves open how much of the request it had acted upon. */
const isRefusal = (status: number): boolean => status >= 400 && status < 500 && status !== 408;

async function readBack(call: Call<Http>): Promise<ReadBack> {
  const { verifyUrl } = call.action;
  if (verifyUrl === undefined) return { kind: 'unknown', why: 'the correction has no `verify` address to ask' };
  if (!isAddress(verifyUrl)) return { kind: 'unknown', why: noAddress(verifyUrl) };
  const { timeoutMs, abort } = call;
  const answer = await exchange({ method: 'GET', url: verifyUrl, headers: identify(call), timeoutMs, abort });
  if (answer.kind === 'answered' && answer.status === 200) return { kind: 'applied', after: seen(call, answer) };
  if (answer.kind === 'answered' && answer.status === 404) return { kind: 'notApplied' };
  return { kind: 'unknown', why: answer.kind === 'answered' ? `${verifyUrl} answered ${answer.status}` : answer.why };
}

/** A request goes on at the target when its sender has died, so that "not done" is no answer before its time is over. */
async function readBackWhenOver(call: Call<Http>): Promise<ReadBack> {
  for (;;) {
    const found = await readBack(call);
    if (found.kind !== 'notApplied' || Date.now() >= (call.underWayUntil ?? 0)) return found;
    await sleep(lookAgainMs, undefined, { signal: call.abort });
  }
}

/** Where there is a `verify`, it says first whether an earlier try was the undo, and whether the target is as the action left it. */
async function undo(call: Call<Http>, after: Image): Promise<Undone> {
  const { undoRequest, verifyUrl } = call.action;
  if (undoRequest === undefined) throw new Error('the correction has no `undo` request');
  if (verifyUrl !== undefined) {
    const earlier = await readBackWhenOver(call);
    if (earlier.kind === 'applied') return { kind: 'undone', now: earlier.after };
    const now = await readBack({ ...call, actionId: String(after.content.actionId) });
    if (now.kind === 'unknown') throw new Error(now.why);
    if (now.kind === 'notApplied') return { kind: 'changedMeanwhile', now: opaque(call) };
    if (now.kind === 'applied' && now.after.identity !== after.identity) return { kind: 'changedMeanwhile', now: now.after };
  }
  await send(call, { ...undoRequest, headers: { ...undoRequest.headers, ...ifUnchanged(after) } });
  return { kind: 'undone', now: opaque(call) };
}

/** A target that compares refuses the undo itself when somebody changed it meanwhile. */
const ifUnchanged = ({ content: { etag } }: Image): Record<string, string> => (typeof etag === 'string' ? { 'If-Match': etag } : {});

const identify = ({ actionId, fence }: Call): Record<string, string> => ({ 'Idempotency-Key': actionId, 'Hale-Fence': fence });

const opaque = ({ action }: Target<Http>): Image => ({
  identity: 'opaque',
  summary: `whatever stands behind ${resourceOf(action.request.url)}`,
  content: {},
});

function seen(call: Call<Http>, answer: Extract<Exchange, { kind: 'answered' }> | undefined): Image {
  const content = { actionId: call.actionId };
  if (answer?.etag === undefined) return { ...opaque(call), content };
  return { identity: `etag:${answer.etag}`, summary: `version ${answer.etag}`, content: { ...content, etag: answer.etag } };
}

/** The query says what to do, the path says to what. */
function resourceOf(url: string): string {
  if (!isAddress(url)) return `http/${url}`;
  const { host, pathname } = new URL(url);
  return `http/${host}${pathname}`;
}

const isAddress = (url: string): boolean => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);

const noAddress = (url: string): string => `${JSON.stringify(url)} is no http or https address, e.g. https://shop.example/admin/reload`;
