import type { Limits, Mode } from '../../domain/service.js';
import type { Context } from './context.js';
import { serviceFile } from './file.js';
import { formatDuration } from '../../domain/duration.js';
import { type Node, at, emptyMap, fromPlain, merge, plain, textOf } from './tree.js';
import type { Resolved } from './signals.js';

const defaults = { attempts: 5, escalateAfter: '5m', approvalExpiry: '15m', pauseMax: '8h' };
const filledLimits = serviceFile.shape.limits
  .unwrap()
  .required({ attempts: true, escalateAfter: true, approvalExpiry: true, pauseMax: true });

/** The service's limits over its class's over the policy's. A service may be stricter than the policy, never looser. */
export function resolveLimits(service: Node, context: Context): Resolved<Limits> {
  const policy = at(context.root, 'policy') ?? emptyMap;
  const given = Object.keys(defaults).flatMap((key) => {
    const entry = policy.kind === 'map' ? policy.entries.get(key) : undefined;
    return entry === undefined ? [] : [[key, entry] as const];
  });
  const floor = merge(fromPlain(defaults), { kind: 'map', entries: new Map(given) });
  const node = merge(floor, at(service, 'limits') ?? emptyMap);
  for (const [key] of given) checkStricter(key as keyof typeof defaults, floor, node, context);
  const file = filledLimits.parse(plain(node));
  const value = {
    attemptsMax: file.attempts,
    escalateAfterMs: file.escalateAfter,
    approvalExpiryMs: file.approvalExpiry,
    pauseMsMax: file.pauseMax,
    ...(file.atOnce !== undefined && { atOnce: isShare(node) ? { share: file.atOnce } : { count: file.atOnce } }),
    ...(file.minHealthy !== undefined && { minHealthy: file.minHealthy }),
  };
  return { value, node };
}

/** `100%` is the number 1, but not one instance. */
const isShare = (limits: Node): boolean => textOf(at(limits, 'atOnce'))?.endsWith('%') ?? false;

function checkStricter(key: keyof typeof defaults, floor: Node, node: Node, context: Context): void {
  const most = filledLimits.parse(plain(floor))[key];
  if (filledLimits.parse(plain(node))[key] <= most) return;
  const text = key === 'attempts' ? String(most) : formatDuration(most);
  context.problems.error(
    at(node, key)?.place,
    `is looser than policy.${key}; allowed: at most ${text}, services may be stricter, never looser`,
  );
}

const strictness: readonly Mode[] = ['observe', 'ask', 'act'];

/**
 * The mode of one correction. The service's own line for it decides; else the stricter of the service's mode and the
 * class's line; else the class's mode, the policy's, and in the end `observe`.
 */
export function modeOf(correction: string, service: Node | undefined, template: Node | undefined, context: Context): Node {
  const own = at(service, 'corrections', correction, 'mode');
  const nearer = [at(service, 'mode'), at(template, 'corrections', correction, 'mode')].filter((mode) => mode !== undefined);
  const strictest = nearer.toSorted((one, other) => rank(one) - rank(other))[0];
  return own ?? strictest ?? at(template, 'mode') ?? at(context.root, 'policy', 'mode') ?? fromPlain('observe');
}

const rank = (mode: Node): number => strictness.indexOf(plain(mode) as Mode);
