/** The shard that watches a service; the same in every process and version (FNV-1a, 32 bits). */
export function shardOf(service: string, shards: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < service.length; index += 1) hash = Math.imul(hash ^ service.charCodeAt(index), 0x01000193) >>> 0;
  return hash % shards;
}
