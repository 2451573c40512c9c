import { setTimeout as wait } from 'node:timers/promises';
import type { Notifier, Notifiers } from '../activities/ports.js';
import type { Deliveries, End, Turn, Waiting } from '../adapters/postgres/deliveries.js';
import type { Records } from '../adapters/postgres/read.js';
import { type Channel, channelNamed, type Links, noPaging } from '../domain/channel.js';
import { concerned, GIVE_UP_AFTER_MS, nextMessage, restMs, type Sent } from '../domain/delivery.js';
import { foldPages, type Home, type Known, type Page, writePage } from '../domain/page.js';
import type { Fleet } from '../domain/service.js';

/** What calling people needs from the world. */
export interface Delivering {
  readonly deliveries: Deliveries;
  readonly fleet: () => Promise<Fleet | undefined>;
  readonly records: Pick<Records, 'measured' | 'incidents' | 'effects'>;
  readonly notifiers: Notifiers;
  /** Where links lead as far as this hale itself knows; what is configured goes before. */
  readonly links?: Links;
  readonly home?: Home;
}

export interface Loop {
  readonly everyMs: number;
  /** How long one try may take. */
  readonly tryMs?: number;
  readonly abort: AbortSignal;
  readonly failed: (error: unknown) => void;
}

/** A receiver that takes longer is asked again: what people wait for is the next channel, not this answer. */
const TRY_MS = 8_000;
/** Outlasts a try and what is read and written around it; a worker that dies is followed after this. */
const LEASE_MS = 15_000;
const TURNS_AT_ONCE = 32;
/** The minute is used up: what waits is folded, and goes out when there is room. */
const CROWDED_MS = 5_000;

/**
 * Calls people until aborted: reads the ledger, and lets each channel have its turn. Any number of workers may do so. A
 * channel that hangs holds up its own messages and nothing else.
 */
export async function deliverPages(delivering: Delivering, loop: Loop): Promise<void> {
  const { abort } = loop;
  const active = new Set<Promise<void>>();
  while (!abort.aborted) {
    await deliverOnce(delivering, active, loop).catch(loop.failed);
    await wait(loop.everyMs, undefined, { signal: abort }).catch(() => undefined);
  }
  await Promise.all(active);
}

/** Starts the turns that are due; what they come to is settled behind. */
async function deliverOnce(delivering: Delivering, active: Set<Promise<void>>, loop: Loop): Promise<void> {
  const { deliveries } = delivering;
  const fleet = await delivering.fleet();
  if (fleet === undefined) return;
  while ((await deliveries.assign((line, called) => concerned(line, fleet, called))) > 0);
  while (active.size < TURNS_AT_ONCE) {
    const turn = await deliveries.take(LEASE_MS);
    if (turn === undefined) return;
    const running: Promise<void> = takeTurn(delivering, fleet, turn, loop)
      .catch(loop.failed)
      .finally(() => active.delete(running));
    active.add(running);
  }
}

async function takeTurn(
  { deliveries, records, notifiers, links, home }: Delivering,
  fleet: Fleet,
  turn: Turn,
  { abort, tryMs = TRY_MS }: Loop,
): Promise<void> {
  const channel = channelNamed(fleet.paging ?? noPaging, turn.channel);
  const all = turn.waiting.map(({ line }) => line.seq);
  if (channel === undefined) return deliveries.settle(turn, all, { state: 'gone', answer: 'no such channel is configured any more' });
  const message = nextMessage(channel.kind, turn.waiting, turn.sentLately);
  if (message.length === 0) return deliveries.rest(turn, CROWDED_MS);
  const pages = await Promise.all(
    message.map((waiting) => pageOf(records, fleet, { links: { ...links, ...fleet.paging?.links }, ...(home && { home }) }, waiting)),
  );
  const [only] = pages;
  const page = pages.length === 1 && only !== undefined ? only : foldPages(pages);
  const sent = await inTime(abort, tryMs, (limit) => send(notifiers, channel, page, limit));
  if (abort.aborted && sent.kind !== 'sent') return deliveries.rest(turn, 0);
  await deliveries.settle(
    turn,
    message.map(({ line }) => line.seq),
    endOf(sent, turn, message),
  );
}

/** A call says what is so now, not what was so when it was asked for. */
async function pageOf(
  records: Delivering['records'],
  fleet: Fleet,
  own: Pick<Known, 'links' | 'home'>,
  { line, purpose }: Waiting,
): Promise<Page> {
  const services = fleet.services.filter(({ name }) => name === line.service);
  const team = services[0]?.team;
  const [incident] = line.incident === undefined ? [] : await records.incidents({ id: line.incident, limit: 1 });
  const measures = purpose === 'call' || purpose === 'ended' || purpose === 'told';
  return writePage({
    line,
    purpose,
    environment: fleet.environment,
    ...(team !== undefined && { team }),
    ...(incident && { onset: incident.startedAt.getTime(), workflowId: incident.workflowId }),
    measured: measures ? await records.measured({ ...fleet, services }) : [],
    effects: measures && line.incident !== undefined ? await records.effects(line.incident) : [],
    ...own,
    now: Date.now(),
  });
}

/** The timer holds its limit: `any` does not hold what it is made of, and a limit that was collected never fires. */
async function inTime<T>(abort: AbortSignal, tryMs: number, work: (limit: AbortSignal) => Promise<T>): Promise<T> {
  const time = new AbortController();
  const timer = setTimeout(() => time.abort(new DOMException('The time is over', 'TimeoutError')), tryMs);
  try {
    return await work(AbortSignal.any([abort, time.signal]));
  } finally {
    clearTimeout(timer);
  }
}

/** One try. A notifier that does not even give up when called off is left behind. */
async function send(notifiers: Notifiers, channel: Channel, page: Page, limit: AbortSignal): Promise<Sent> {
  // Each notifier takes only its own kind of channel; the key under which it is found is that kind.
  const notifier = notifiers[channel.kind] as Notifier;
  const leftBehind = new Promise<Sent>((resolve) => {
    const giveUp = (): void => void setTimeout(() => resolve({ kind: 'later', why: 'did not answer in time' }), 500);
    limit.addEventListener('abort', giveUp, { once: true });
    if (limit.aborted) giveUp();
  });
  return Promise.race([notifier.send(channel, page, limit), leftBehind]);
}

function endOf(sent: Sent, turn: Turn, message: readonly Waiting[]): End {
  if (sent.kind === 'sent') return { state: 'sent', answer: sent.answer };
  if (sent.kind === 'refused') return { state: 'refused', answer: sent.why };
  const isHistory = message.some(({ purpose, waitedMs }) => purpose === 'test' || waitedMs > GIVE_UP_AFTER_MS);
  if (isHistory) return { state: 'failed', answer: sent.why };
  return { state: 'waiting', answer: sent.why, restMs: restMs(turn.failures + 1, sent.afterMs) };
}
