/** A seeded source of choices: the same seed makes the same lab. */
export interface Random {
  /** A whole number from 0 up to, not including, `below`. */
  whole(below: number): number;
  /** `count` different words, never given out before by this source. */
  words(count: number): string[];
}

const vocabulary = [
  'amber anvil apple arrow aspen badge basil beacon birch bison brook cabin candle canyon cedar chalk cliff clover cobalt comet',
  'copper coral crane crest daisy delta dune eagle ember fable falcon fern fjord flint forest garnet ginger glade grove harbor',
  'hazel heron indigo island ivory jasper juniper kestrel lagoon lantern lark laurel lemon lilac linen lotus lunar maple marble',
  'marsh meadow mint mosaic nectar nettle nova oasis ocean olive onyx opal orchid otter oyster pebble pepper pine plum poplar',
  'quarry quartz raven reef ridge river robin rowan saffron sage sierra silver slate sorrel sparrow spruce summit thistle topaz',
  'tulip tundra umber valley velvet violet walnut willow winter yarrow zephyr',
].flatMap((line) => line.split(' '));

/** Mulberry32: small, and good enough to draw names. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (below: number): number => Math.floor(next() * below);
  const left = [...vocabulary];
  return { whole, words: (count) => Array.from({ length: count }, () => left.splice(whole(left.length), 1).join()) };
}
