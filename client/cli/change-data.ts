import type { ChangeRecord } from '../../contracts/cli.js';
import type { Change } from '../../domain/change.js';

/** A change as `--json` has it. */
export const changeData = ({ service, kind, state, summary, reference, by, source, at, finishedAt }: Change): ChangeRecord => ({
  service,
  kind,
  state,
  summary,
  reference: reference ?? null,
  by: by ?? null,
  source,
  at: new Date(at).toISOString(),
  finishedAt: finishedAt === undefined ? null : new Date(finishedAt).toISOString(),
});
