import type { Image } from '../../domain/effect.js';
import { isText as isStorable } from '../intake/labels.js';

/** Which correction of which module was asked. */
export interface Asked {
  readonly module: string;
  readonly correction: string;
}

/** The answer of `resource`. Throws a sentence for all but a text: services would share one lease, or have none in common. */
export function resourceIn(asked: Asked, ask: () => unknown): string {
  const answer = answerOf(asked, 'resource', ask);
  if (isText(answer) && answer !== '') return answer;
  throw wrong(asked, 'resource', answer, 'a text that is not empty, at once');
}

/** The answer of `refuse` or `pointless`. Throws a sentence for all but a text, or nothing. */
export function reasonIn(asked: Asked, part: 'refuse' | 'pointless', ask: () => unknown): string | undefined {
  const answer = answerOf(asked, part, ask);
  if (answer === undefined || (isText(answer) && answer !== '')) return answer;
  throw wrong(asked, part, answer, 'undefined, or a text that says why, at once');
}

function answerOf({ module, correction }: Asked, part: string, ask: () => unknown): unknown {
  try {
    return ask();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${part} of ${correction} in ${module} failed: ${why}; allowed: to answer, whatever with: says`, { cause: error });
  }
}

/** What `look` answered, as it can be compared and stored. Throws a sentence for what could be neither. */
export function imageIn(asked: Asked, answer: unknown): Image {
  if (typeof answer !== 'object' || answer === null) throw wrong(asked, 'look', answer, 'an object {identity, summary, content}');
  const { identity, summary, content = {} } = answer as Readonly<Record<string, unknown>>;
  // Two that are missing are equal: no change would be seen, and an undo that was never made would count as made.
  if (!isText(identity) || identity === '')
    throw wrong(asked, 'look', identity, 'a text that is not empty, the same exactly while nothing has changed', 'identity');
  if (!isText(summary)) throw wrong(asked, 'look', summary, 'a text for people', 'summary');
  if (!isPlain(content)) throw wrong(asked, 'look', content, 'an object of JSON values', 'content');
  const odd = oddIn(content, 'content');
  if (odd !== undefined) throw wrong(asked, 'look', odd.value, 'JSON values: what is stored is what takeBack is given', odd.field);
  return { identity, summary, content };
}

function wrong({ module, correction }: Asked, part: string, value: unknown, allowed: string, field?: string): Error {
  // Nobody waits for it: it must not end the process when it fails.
  if (value instanceof Promise) value.catch(() => undefined);
  const answered = field === undefined ? `answered ${shown(value)}` : `answered with ${field}: ${shown(value)}`;
  return new Error(`${part} of ${correction} in ${module} ${answered}; allowed: ${allowed}`);
}

const isText = (value: unknown): value is string => typeof value === 'string' && isStorable(value);

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> => {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
};

interface Odd {
  readonly field: string;
  readonly value: unknown;
}

const depthMax = 50;

/** The first value that would be another one once it was stored as JSON, or never come to an end. */
function oddIn(value: unknown, field: string, depth = 0): Odd | undefined {
  if (value === null || typeof value === 'boolean' || isText(value) || Number.isFinite(value)) return undefined;
  if (depth > depthMax || !(Array.isArray(value) || isPlain(value))) return { field, value };
  const parts: readonly (readonly [string, unknown])[] = Array.isArray(value)
    ? Array.from(value, (item: unknown, index) => [`${field}[${index}]`, item])
    : Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : [[`${field}.${key}`, item]]));
  for (const [name, item] of parts) {
    const odd = oddIn(item, name, depth + 1);
    if (odd !== undefined) return odd;
  }
  return undefined;
}

/** A value of people's own code, for a sentence. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
  if (value instanceof Promise) return 'a promise';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'function' || (typeof value === 'object' && value !== null)) return `of type ${value.constructor?.name ?? 'Object'}`;
  return String(value);
}
