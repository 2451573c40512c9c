import type { Client } from '@temporalio/client';
import type { Switches } from '../../adapters/postgres/controls.js';
import type { Records } from '../../adapters/postgres/read.js';
import { Failure } from './exit-codes.js';
import { databaseOf, findHale, mainRuns, temporalOf, type Where, type Whereabouts } from './whereabouts.js';

/** The running hale, connected on demand. Libraries are loaded on demand too: `hale --help` needs none of them. */
export interface Hale {
  readonly whereabouts: Whereabouts;
  records(): Promise<Records>;
  switches(): Promise<Switches>;
  temporal(): Promise<Client>;
}

/** Finds the running hale, works with it, and closes every connection that was opened. */
export async function withHale<T>(where: Where, work: (hale: Hale) => Promise<T>): Promise<T> {
  const whereabouts = await findHale(where);
  const closing: (() => Promise<void>)[] = [];
  const closed = <C>(connected: C, close: () => Promise<void>): C => {
    closing.push(close);
    return connected;
  };
  const hale: Hale = {
    whereabouts,
    records: once(async () => {
      const { openRecords } = await import('../../adapters/postgres/read.js');
      const records = await openRecords(databaseOf(whereabouts)).catch(unreachable(whereabouts));
      return closed(records, () => records.close());
    }),
    switches: once(async () => {
      const { openSwitches } = await import('../../adapters/postgres/controls.js');
      const switches = await openSwitches(databaseOf(whereabouts)).catch(unreachable(whereabouts));
      return closed(switches, () => switches.close());
    }),
    temporal: once(async () => {
      const { connectTemporal } = await import('../temporal.js');
      const client = await connectTemporal(temporalOf(whereabouts), ownServer(whereabouts), whereabouts.payloadKeys).catch(
        unreachable(whereabouts),
      );
      return closed(client, () => client.connection.close());
    }),
  };
  try {
    return await work(hale);
  } finally {
    await Promise.all(closing.map((close) => close()));
  }
}

/** A server that hale started itself is plain; the TLS and keys of the environment's profile are for others. */
const ownServer = ({ processes }: Whereabouts): boolean => processes.some(({ role }) => role === 'temporal');

function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined;
  return () => (opened ??= open());
}

const unreachable =
  (whereabouts: Whereabouts) =>
  (error: unknown): never => {
    if (!(error instanceof Error)) throw error;
    if (error.name === 'PayloadKeysRefused') throw new Failure('unreachable', error.message);
    if (error.name !== 'DatabaseUnreachable' && error.name !== 'TemporalUnreachable') throw error;
    const hint = mainRuns(whereabouts) ? 'hale may still be starting: ask again in a few seconds.' : 'Is it running?';
    throw new Failure('unreachable', error.message, `${hint} \`hale doctor\` looks at every part.`);
  };
