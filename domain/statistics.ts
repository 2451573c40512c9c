/** A share with what it rests on. Without anything to divide by there is none. */
export interface Share {
  readonly numerator: number;
  readonly denominator: number;
  readonly interval?: { readonly low: number; readonly high: number };
}

/** The standard normal deviate of a two-sided 95% interval. */
const z95 = 1.959963984540054;

/** Wilson's interval of 95% for a share: honest also for few cases, and never beyond 0 or 1. */
export function wilson(numerator: number, denominator: number): Share {
  if (denominator <= 0) return { numerator, denominator };
  const share = numerator / denominator;
  const z2 = z95 * z95;
  const middle = (share + z2 / (2 * denominator)) / (1 + z2 / denominator);
  const half = (z95 / (1 + z2 / denominator)) * Math.sqrt((share * (1 - share)) / denominator + z2 / (4 * denominator * denominator));
  return {
    numerator,
    denominator,
    interval: { low: numerator === 0 ? 0 : Math.max(0, middle - half), high: numerator === denominator ? 1 : Math.min(1, middle + half) },
  };
}
