/** What people and scripts get wrong when they type JSON into the Temporal UI or CLI: data and, if not plain, its encoding. */
export interface Malformed {
  readonly input: string | undefined;
  readonly encoding?: string;
}

const shapes: readonly Malformed[] = [
  { input: undefined },
  { input: 'null' },
  { input: '""' },
  { input: '"shop"' },
  { input: '[]' },
  { input: '[{"by":"ada"}]' },
  { input: '7' },
  { input: 'true' },
  { input: '{"service":7,"by":7}' },
  { input: '{"service":"","by":""}' },
  { input: '{"service":["shop"],"by":["ada"]}' },
  { input: '{"service":"a b; rm -rf /","by":{"name":"ada"}}' },
  { input: `{"service":"${'x'.repeat(300)}","by":"${'y'.repeat(300)}"}` },
  { input: '{"service":"shop\\u0000","by":null}' },
  { input: '{"__proto__":{"by":"ada"},"by":false}' },
  { input: '{"constructor":"x","by":1e308}' },
  { input: '{"service":null,"by":null,"reason":null}' },
  { input: '{"service":"shop","instance":"","by":[]}' },
  { input: '{"service":"shop","by":"ada"}', encoding: 'json/protobuf' },
  { input: '"shop"', encoding: 'json/protobuf' },
];

/** Twenty of them, in an order that the seed decides. */
export function malformedInputs(seed: number): readonly Malformed[] {
  const turn = seed % shapes.length;
  return [...shapes.slice(turn), ...shapes.slice(0, turn)];
}
