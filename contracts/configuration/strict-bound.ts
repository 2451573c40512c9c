/**
 * The bound that a comparison asks for. In the configuration the bound itself is unhealthy; where it is healthy, the
 * bound is the next number that is not.
 */
export function boundFor(healthy: '<' | '<=' | '>' | '>=', value: number): { below: number } | { above: number } {
  switch (healthy) {
    case '<':
      return { below: value };
    case '<=':
      return { below: nextUp(value) };
    case '>':
      return { above: value };
    case '>=':
      return { above: -nextUp(-value) };
  }
}

/** The smallest number above this one. */
function nextUp(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + (value > 0 ? 1n : -1n));
  return view.getFloat64(0);
}
