import { setTimeout as sleep } from 'node:timers/promises';
import type { Call, Provider, ReadBack, Target, Undone } from '../../activities/ports.js';
import type { Image } from '../../domain/effect.js';
import { TargetRefused } from '../../domain/failure.js';
import type { Action, HttpRequest } from '../../domain/service.js';
import { type Resolve, type Way, wayTo } from './guard.js';
import { exchange } from './request.js';
import { type Headers, withSecrets } from './secret.js';

const lookAgainMs = 250;
const showsWithinMs = 1_000;

type Http = Extract<Action, { kind: 'http' }>;

/**
 * Sends a request of the configuration with `Idempotency-Key` and `Hale-Fence`. 2xx: done. 4xx: refused, nothing done.
 * Anything else, or no answer, is unclear until `verify` says 200 (done) or 404 (not done). Its ETag names the state.
 */
export function httpProvider(resolve?: Resolve): Provider<Http> {
  const line: Line = (url, { reach }) => wayTo(url, reach, resolve);
  return {
    kind: 'http',
    readBackBy: (action) => (action.verifyUrl === undefined ? 'none' : 'actionId'),
    fencedBy: 'self',
    resourceOf: async ({ action }) => resourceOf(action.request.url),
    image: async (target) => opaque(target),
    examine: async ({ action }) => {
      const { method, url } = action.request;
      const reason = obstacle(url, action, line);
      return reason === undefined ? { applicable: true, evidence: `${method} ${url} can be asked` } : { applicable: false, reason };
    },
    apply: async (call) => {
      await send(call, call.action.request, line);
      return stateAfter(call, line);
    },
    readBack: (call) => readBackWhenOver(call, line),
    undo: (call, after) => undo(call, after, line),
  };
}

/** The way to a URL of this action. */
type Line = (url: string, action: Http) => Way;

/** Permission is asked on the connection, as the last thing. Throws when the request was not done, or when nobody can tell. */
async function send(call: Call<Http>, request: HttpRequest, line: Line): Promise<void> {
  const reason = obstacle(request.url, call.action, line);
  if (reason !== undefined) throw new TargetRefused(reason);
  const { headers, redact } = await withSecrets(request.headers, request.secretHeaders).catch(refused);
  const { timeoutMs, abort, permit } = call;
  const { method, url, body } = request;
  const answer = await exchange({
    method,
    url,
    ...(body !== undefined && { body }),
    way: line(url, call.action),
    headers: { ...headers, ...identify(call) },
    timeoutMs,
    abort,
    permit,
  });
  if (answer.kind === 'notSent') throw new TargetRefused(redact(answer.why));
  if (answer.kind === 'unclear') throw new Error(redact(answer.why));
  if (answer.status >= 200 && answer.status < 300) return;
  const sentence = `${method} ${url} answered ${answer.status}: ${redact(answer.body).slice(0, 300)}`;
  if (isRefusal(answer.status)) throw new TargetRefused(sentence);
  throw new Error(sentence);
}

/** Without its secret nothing was sent. */
function refused(error: unknown): never {
  throw new TargetRefused(error instanceof Error ? error.message : String(error));
}

/** 408 says that the server gave up waiting, which leaves open how much of the request it had acted upon. */
const isRefusal = (status: number): boolean => status >= 400 && status < 500 && status !== 408;

async function readBack(call: Call<Http>, line: Line): Promise<ReadBack> {
  const { action, timeoutMs, abort } = call;
  const { verifyUrl: url } = action;
  if (url === undefined) return { kind: 'unknown', why: 'the correction has no `verify` address to ask' };
  const reason = obstacle(url, action, line);
  if (reason !== undefined) return { kind: 'unknown', why: reason };
  const told = await withSecrets(identify(call), secretsFor(url, action.request)).catch((error: Error) => error);
  if (told instanceof Error) return { kind: 'unknown', why: told.message };
  const answer = await exchange({ method: 'GET', url, way: line(url, action), headers: told.headers, timeoutMs, abort });
  if (answer.kind === 'answered' && answer.status === 200) return { kind: 'applied', after: seen(call, tellable(answer.etag, told)) };
  if (answer.kind === 'answered' && answer.status === 404) return { kind: 'notApplied' };
  return { kind: 'unknown', why: answer.kind === 'answered' ? `${url} answered ${answer.status}` : told.redact(answer.why) };
}

/** Whoever takes the request's secrets may be asked with them; nobody else is shown any. */
const secretsFor = (url: string, request: HttpRequest): HttpRequest['secretHeaders'] =>
  new URL(url).origin === new URL(request.url).origin ? request.secretHeaders : undefined;

/** The request was done, whatever `verify` can say about it; it may show only a moment later. */
async function stateAfter(call: Call<Http>, line: Line): Promise<Image> {
  const until = Date.now() + showsWithinMs;
  for (;;) {
    const found = await readBack(call, line);
    if (found.kind === 'applied') return found.after;
    if (call.action.verifyUrl === undefined || Date.now() >= until) return opaque(call);
    await sleep(lookAgainMs, undefined, { signal: call.abort });
  }
}

/** A request goes on at the target when its sender has died, so that "not done" is no answer before its time is over. */
async function readBackWhenOver(call: Call<Http>, line: Line): Promise<ReadBack> {
  for (;;) {
    const found = await readBack(call, line);
    if (found.kind !== 'notApplied' || Date.now() >= (call.underWayUntil ?? 0)) return found;
    await sleep(lookAgainMs, undefined, { signal: call.abort });
  }
}

async function undo(call: Call<Http>, after: Image, line: Line): Promise<Undone> {
  const { undoRequest, verifyUrl } = call.action;
  if (undoRequest === undefined) throw new Error('the correction has no `undo` request');
  const settled = verifyUrl === undefined ? undefined : await settledAlready(call, after, line);
  if (settled !== undefined) return settled;
  await send(call, { ...undoRequest, headers: { ...undoRequest.headers, ...ifUnchanged(after) } }, line);
  return { kind: 'undone', now: opaque(call) };
}

/**
 * `verify` says first whether an earlier try was the undo, and whether the target is as the action left it. What it never
 * showed as done can't be compared, and is undone all the same: it may be half done.
 */
async function settledAlready(call: Call<Http>, after: Image, line: Line): Promise<Undone | undefined> {
  const earlier = await readBackWhenOver(call, line);
  if (earlier.kind === 'applied') return { kind: 'undone', now: earlier.after };
  if (earlier.kind === 'unknown' && call.underWayUntil !== undefined) throw new Error(earlier.why);
  const { actionId } = after.content;
  if (typeof actionId !== 'string') return undefined;
  const now = await readBack({ ...call, actionId }, line);
  if (now.kind === 'unknown') throw new Error(now.why);
  if (now.kind === 'notApplied') return { kind: 'changedMeanwhile', now: opaque(call) };
  return now.after.identity === after.identity ? undefined : { kind: 'changedMeanwhile', now: now.after };
}

/** A target that compares refuses the undo itself when somebody changed it meanwhile. */
const ifUnchanged = ({ content: { etag } }: Image): Record<string, string> => (typeof etag === 'string' ? { 'If-Match': etag } : {});

const identify = ({ actionId, fence }: Call): Record<string, string> => ({ 'Idempotency-Key': actionId, 'Hale-Fence': fence });

const opaque = ({ action }: Target<Http>): Image => ({
  identity: 'opaque',
  summary: `whatever stands behind ${resourceOf(action.request.url)}`,
  content: {},
});

/** The target as `verify` says that this action left it: who compares with it asks for that action. */
function seen(call: Call<Http>, etag: string | undefined): Image {
  const content = { actionId: call.actionId };
  if (etag === undefined) return { ...opaque(call), content };
  return { identity: `etag:${etag}`, summary: `version ${etag}`, content: { ...content, etag } };
}

/** Images are stored and shown: a version that repeats a secret is none. */
const tellable = (etag: string | undefined, { redact }: Headers): string | undefined =>
  etag !== undefined && redact(etag) === etag ? etag : undefined;

/** The query says what to do, the path says to what. */
function resourceOf(url: string): string {
  if (!isAddress(url)) return `http/${url}`;
  const { host, pathname } = new URL(url);
  return `http/${host}${pathname}`;
}

/** Why a URL can't be asked at all; undefined when it can be. */
function obstacle(url: string, action: Http, line: Line): string | undefined {
  return isAddress(url) ? line(url, action).refusal : noAddress(url);
}

const isAddress = (url: string): boolean => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);

const noAddress = (url: string): string => `${JSON.stringify(url)} is no http or https address, e.g. https://shop.example/admin/reload`;
