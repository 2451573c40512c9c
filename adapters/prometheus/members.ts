import type { Members } from '../../activities/ports.js';
import type { Sources } from './sources.js';

const timeoutMs = 10_000;

/** Instances that are listed, or those that a query's label names. No series at all is a source that can't tell. */
export function prometheusMembers(sources: Sources): Members {
  return {
    async of(instances) {
      if (instances.kind === 'listed') return instances.names;
      const { source, query, by } = instances;
      const results = await sources.query(source, [query], { timeoutMs, abort: new AbortController().signal });
      const result = results.get(query);
      if (result?.kind !== 'series') throw new Error(`source ${source.name} can't tell the instances: ${result?.detail ?? 'no answer'}`);
      const names = new Set(result.series.flatMap(({ labels }) => (Object.hasOwn(labels, by) ? labels[by] : undefined) ?? []));
      if (names.size === 0) throw new Error(`no series of ${query} has the label ${by}: an unknown membership is not an empty one`);
      return [...names].sort();
    },
  };
}
