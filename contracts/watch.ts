/** Input of `watch` and of its one activity. */
export interface WatchOrder {
  readonly shard: number;
  readonly shards: number;
}

/** What one watcher did until it handed over; the counts run on from watcher to watcher. */
export interface WatchReport {
  readonly shard: number;
  readonly generation: string;
  /** Reads that were due, and those done. */
  readonly due: number;
  readonly done: number;
}

export interface WatchActivities {
  watchShard(order: WatchOrder): Promise<WatchReport>;
}
