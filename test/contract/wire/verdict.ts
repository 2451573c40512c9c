import type { Call, Provider, ReadBack } from '../../../activities/ports.js';
import type { Image } from '../../../domain/effect.js';

/** What hale would put on record about a call. */
export type Verdict =
  | { readonly kind: 'applied'; readonly after: Image }
  | { readonly kind: 'notApplied'; readonly why: string }
  | { readonly kind: 'unknown'; readonly why: string };

const sayingNothingWasDone = ['TargetRefused', 'NotPermitted'];

/** One try, as hale makes it (activities/apply-correction.ts): what went unclear is read back, and never just repeated. */
export async function tryOnce(provider: Provider, call: Call, mayHaveActed = false): Promise<Verdict> {
  try {
    return { kind: 'applied', after: await provider.apply(call) };
  } catch (error) {
    const { name, message, after } = error as Error & { readonly after?: Image };
    if (sayingNothingWasDone.includes(name) && !mayHaveActed) return { kind: 'notApplied', why: message };
    if (name === 'ActionFailed' && after !== undefined) return { kind: 'applied', after };
    const found = await askAgain(provider, call);
    if (found.kind === 'applied' || found.kind === 'partly') return { kind: 'applied', after: found.after };
    return found.kind === 'notApplied' ? { kind: 'notApplied', why: message } : { kind: 'unknown', why: found.why };
  }
}

/** Whoever takes up the call of a worker that died asks first, and acts again only where nothing was done. */
export async function takeUp(provider: Provider, call: Call): Promise<Verdict> {
  const found = await askAgain(provider, call);
  switch (found.kind) {
    case 'applied':
      return { kind: 'applied', after: found.after };
    case 'unknown':
      return { kind: 'unknown', why: found.why };
    case 'notApplied':
    case 'partly':
      return tryOnce(provider, { ...call, fence: String(Number(call.fence) + 1) }, found.kind === 'partly');
  }
}

/** Who gets no answer asks again, as an activity does that failed. The try before may still be under way at its target. */
async function askAgain(provider: Provider, call: Call, times = 3): Promise<ReadBack> {
  try {
    return await provider.readBack({ ...call, underWayUntil: Date.now() + call.timeoutMs });
  } catch (error) {
    if (times <= 1) throw error;
    return askAgain(provider, call, times - 1);
  }
}
