import type { AlertRecord } from '../../contracts/cli.js';
import { withHale } from './hale.js';
import type { Report } from './report.js';
import { table } from './text.js';
import type { Where } from './whereabouts.js';
import { wholeNumber } from './whole-number.js';

export interface AlertsOptions extends Where {
  readonly unmatched?: boolean;
  readonly limit: string;
}

/** alerts: what other monitoring said, newest first, and what became of it. */
export const alerts = (options: AlertsOptions): Promise<Report> =>
  withHale(options, async (hale) => {
    const limit = wholeNumber('--limit', options.limit, { min: 1, max: 10_000, example: 20 });
    const found = await (await hale.records()).alerts({ limit, ...(options.unmatched ? { state: 'unmatched' } : {}) });
    const data = found.map(({ receivedAt, startsAt, services, ...rest }): AlertRecord => ({
      ...rest,
      services: [...services],
      receivedAt: receivedAt.toISOString(),
      startsAt: startsAt.toISOString(),
    }));
    return { data, text: data.length === 0 ? 'no alerts' : alertsTable(data) };
  });

const alertsTable = (list: readonly AlertRecord[]): string =>
  table(
    ['RECEIVED', 'SOURCE', 'STATUS', 'BECAME', 'SERVICES', 'LABELS', 'WHY'],
    list.map(({ receivedAt, source, status, state, services, labels, why }) => [
      receivedAt,
      source,
      status,
      state,
      services.join(',') || '-',
      Object.entries(labels)
        .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
        .join(' '),
      why ?? '-',
    ]),
  );
