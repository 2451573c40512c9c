import type { CommandEnd } from '../../activities/ports.js';

/** What the script said about its target, by key; a key may come more than once. */
export type Facts = Readonly<Record<string, readonly string[]>>;

export type Answer =
  | { readonly kind: 'answered'; readonly facts: Facts }
  /** Nothing was done. */
  | { readonly kind: 'refused'; readonly why: string }
  /** It came to its end in vain. */
  | { readonly kind: 'failed'; readonly why: string; readonly facts: Facts }
  /** Nobody can tell whether anything was done. */
  | { readonly kind: 'lost'; readonly why: string };

const exitRefused = 77;
const exitFailed = 70;

/** An exit code alone says nothing: an answer of the script is whole when it has named the target's identity. */
export function answerOf(end: CommandEnd): Answer {
  if (end.kind === 'notStarted') return { kind: 'refused', why: end.sentence };
  if (end.kind === 'killed') return { kind: 'lost', why: end.sentence };
  const facts = factsIn(end.stdout);
  const refused = first(facts, 'refused');
  if (end.code === exitRefused && refused !== undefined) return { kind: 'refused', why: refused };
  if (first(facts, 'identity') === undefined) return { kind: 'lost', why: end.sentence };
  if (end.code === 0) return { kind: 'answered', facts };
  if (end.code === exitFailed) return { kind: 'failed', why: first(facts, 'failed') ?? end.sentence, facts };
  return { kind: 'lost', why: end.sentence };
}

export const first = (facts: Facts, key: string): string | undefined => (Object.hasOwn(facts, key) ? facts[key]?.[0] : undefined);

function factsIn(text: string): Facts {
  const facts = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const at = line.indexOf(' ');
    if (at > 0) facts.set(line.slice(0, at), [...(facts.get(line.slice(0, at)) ?? []), line.slice(at + 1)]);
  }
  return Object.fromEntries(facts);
}
