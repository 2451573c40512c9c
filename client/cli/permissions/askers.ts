import type { Action } from '../../../domain/service.js';
import type { Patience, Standing } from '../../../domain/standing.js';

type Of<K extends Action['kind']> = Extract<Action, { kind: K }>;
type Some<A> = readonly [A, ...A[]];

/** How targets of one kind are asked what hale may do there, changing nothing. Its adapter keeps to the patience, and throws where nobody answers. */
export interface Asker<A extends Action> {
  /** Actions at the same place are asked about in one go. */
  readonly placeOf: (action: A) => unknown;
  readonly ask: (actions: Some<A>, patience: Patience) => Promise<readonly Standing[]>;
}

/** By kind of action; what has none can't be asked without acting. What talks to a target is loaded when there is one. */
export type Askers = { readonly [K in Action['kind']]?: Asker<Of<K>> };

export const askers: Askers = {
  postgres: {
    placeOf: ({ connection }) => connection,
    ask: async (actions, patience) =>
      (await import('../../../adapters/postgres-target/standing.js')).standingsInPostgres(actions, patience),
  },
};
