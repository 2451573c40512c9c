/** What validation says about one attempt. `noData` is not success: the cycle holds and asks. */
export type Verdict =
  | { readonly kind: 'held'; readonly evidence: string }
  | { readonly kind: 'unchanged'; readonly evidence: string }
  | { readonly kind: 'worse'; readonly evidence: string }
  | { readonly kind: 'noData'; readonly evidence: string };
