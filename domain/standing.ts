/** How hale stands at a target with one of its rights, by the target's own word; asking changed nothing there. */
export type Standing =
  /** `line`: the right, as `hale permissions` prints it. */
  | { readonly kind: 'granted'; readonly line: string }
  | { readonly kind: 'missing'; readonly line: string; readonly why?: string }
  /** Only doing it would tell. */
  | { readonly kind: 'notAsked'; readonly line: string; readonly why: string }
  /** It was asked, and nobody can tell. */
  | { readonly kind: 'unknown'; readonly line: string; readonly why: string }
  /** More than the configuration needs; `revoke` takes it away. */
  | { readonly kind: 'tooMuch'; readonly sentence: string; readonly revoke?: string };

/** How long a target may take, all in all. */
export interface Patience {
  readonly timeoutMs: number;
  readonly abort: AbortSignal;
}
