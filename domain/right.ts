/** What a target says of one right of hale's there; asking it changed nothing. */
export type RightState =
  /** `line`: the right, as `hale permissions` prints it. */
  | { readonly kind: 'granted'; readonly line: string }
  | { readonly kind: 'missing'; readonly line: string; readonly why?: string }
  /** Only doing it would tell. */
  | { readonly kind: 'notAsked'; readonly line: string; readonly why: string }
  /** It was asked, and nobody can tell. */
  | { readonly kind: 'unknown'; readonly line: string; readonly why: string }
  /** More than the configuration needs; `revoke` takes it away. */
  | { readonly kind: 'tooMuch'; readonly sentence: string; readonly revoke?: string }
  /** What hale has installed there is not what this version would install; `renew` prints that. */
  | { readonly kind: 'outdated'; readonly sentence: string; readonly renew: string };

/** How long a target may take, all in all. */
export interface Patience {
  readonly timeoutMs: number;
  readonly abort: AbortSignal;
}
