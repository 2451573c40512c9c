import type { ChangeRecord } from '../../contracts/cli.js';
import { changeData } from './change-data.js';
import { durationMs } from './duration.js';
import { withHale } from './hale.js';
import type { Report } from './report.js';
import { table } from './text.js';
import type { Where } from './whereabouts.js';
import { wholeNumber } from './whole-number.js';

export interface ChangesOptions extends Where {
  readonly service?: string;
  readonly since: string;
  readonly limit: string;
}

/** changes: what people and machines changed, newest first. */
export const changes = (options: ChangesOptions): Promise<Report> =>
  withHale(options, async (hale) => {
    const limit = wholeNumber('--limit', options.limit, { min: 1, max: 10_000, example: 20 });
    const since = Date.now() - durationMs('--since', options.since);
    const found = await (
      await hale.records()
    ).changes({ since, limit, ...(options.service === undefined ? {} : { service: options.service }) });
    const data = found.toSorted((one, other) => other.at - one.at).map(changeData);
    return { data, text: data.length === 0 ? 'no changes' : changesTable(data) };
  });

export const changesTable = (list: readonly ChangeRecord[]): string =>
  table(
    ['AT', 'SERVICE', 'CHANGE', 'STATE', 'REFERENCE', 'BY', 'SOURCE', 'WHAT'],
    list.map(({ at, service, kind, state, reference, by, source, summary }) => [
      at,
      service,
      kind,
      state,
      reference ?? '-',
      by ?? '-',
      source,
      summary,
    ]),
  );
