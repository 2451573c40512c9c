import { setTimeout as wait } from 'node:timers/promises';
import type { Cycles, Silencer } from '../activities/ports.js';
import type { SilenceBook, SilenceRecord, SilenceWish } from '../adapters/postgres/silences.js';
import { type Fleet, maySilence, type SilencePolicy } from '../domain/service.js';

export interface Silencing {
  readonly book: SilenceBook;
  readonly silencer: Silencer;
  readonly cycles: Pick<Cycles, 'last'>;
  readonly fleet: () => Promise<Fleet | undefined>;
}

/** A round asks others, and ends long before this; a worker that dies is followed after it. */
const CLAIM_MS = 20_000;

/**
 * Silences the alerts that a running cycle works on, until aborted. Each silence ends by itself, and is renewed only while the
 * cycle runs: when hale dies, Alertmanager calls people at the end of the last one.
 */
export async function keepSilences(
  silencing: Silencing,
  { everyMs, abort, failed }: { readonly everyMs: number; readonly abort: AbortSignal; readonly failed: (error: unknown) => void },
): Promise<void> {
  while (!abort.aborted) {
    await keepOnce(silencing, failed).catch(failed);
    await wait(everyMs, undefined, { signal: abort }).catch(() => undefined);
  }
}

/** One round, by one worker. What fails for one silence holds up no other. */
async function keepOnce(silencing: Silencing, failed: (error: unknown) => void): Promise<void> {
  const { book, fleet } = silencing;
  const known = await fleet();
  const records = await book.records();
  const policy = known?.policy?.silence;
  if (known === undefined || (policy === undefined && records.length === 0)) return;
  if (!(await book.claim(CLAIM_MS))) return;
  try {
    const wishes = policy === undefined ? [] : await granted(silencing, known);
    for (const wish of wishes) await keep(silencing, policy, records, wish).catch(failed);
    const gone = records.filter((record) => !wishes.some((wish) => isSame(wish, record)));
    for (const record of gone) await end(silencing, known, record).catch(failed);
  } finally {
    await book.release().catch(failed);
  }
}

/** A cycle that was terminated has not ended in the records: only Temporal knows whether it runs. */
async function granted({ book, cycles }: Silencing, { services }: Fleet): Promise<SilenceWish[]> {
  const wanted = (await book.wishes()).filter(({ service, correction }) =>
    services.some((one) => one.name === service && maySilence(one, correction)),
  );
  const running = await Promise.all(wanted.map(async ({ service, instance }) => (await cycles.last(service, instance)).kind === 'running'));
  return wanted.filter((_, index) => running[index] === true);
}

const isSame = (one: Pick<SilenceRecord, 'incident' | 'fingerprint'>, other: typeof one): boolean =>
  one.incident === other.incident && one.fingerprint === other.fingerprint;

async function keep(
  { book, silencer }: Silencing,
  policy: SilencePolicy | undefined,
  records: readonly SilenceRecord[],
  wish: SilenceWish,
): Promise<void> {
  if (policy === undefined) return;
  const { source, forMs } = policy;
  const known = records.find((record) => isSame(wish, record) && record.source === source.name);
  if (known !== undefined && known.leftMs > forMs / 2) return;
  const now = Date.now();
  const renewed = known !== undefined && known.leftMs > 0 ? known : undefined;
  const { incident, service, fingerprint, labels } = wish;
  const { id: silence, startsAt } = await silencer.set(source, {
    ...(renewed && { id: renewed.silence }),
    labels,
    from: renewed?.startsAt ?? now,
    until: now + forMs,
    comment: `hale is healing ${service} (${incident})`,
  });
  await book.record({ incident, fingerprint, source: source.name, silence, startsAt, endsAt: now + forMs });
}

/** The cycle is over, or people were called: from now on they hear everything. */
async function end({ book, silencer }: Silencing, { policy }: Fleet, record: SilenceRecord): Promise<void> {
  const source = policy?.alertmanagers?.find(({ name }) => name === record.source);
  if (source !== undefined && record.leftMs > 0) await silencer.end(source, record.silence);
  await book.forget(record);
}
