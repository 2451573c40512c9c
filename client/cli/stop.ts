import { setTimeout as wait } from 'node:timers/promises';
import type { EffectRecord, Records } from '../../adapters/postgres/read.js';
import type { Stopped } from '../../contracts/cli.js';
import { openStates } from '../../domain/effect.js';
import { withHale } from './hale.js';
import { orderOf, type Spoken } from './person.js';
import type { Report } from './report.js';
import { plain, table } from './text.js';

const WATCH_MS = 10_000;
const LOOK_EVERY_MS = 250;
/** Of these a call may be under way. */
const ON_THE_WIRE = ['intended', 'undoing'] as const;

/**
 * stop: no correction and no undo begins from now on. Needs the database only. What had passed its last check is watched
 * for up to 10 s, and told; what is half done is listed with the two ways out.
 */
export const stop = (options: Spoken): Promise<Report> =>
  withHale(options, async (hale) => {
    const already = await (await hale.switches()).stop(orderOf(options));
    const records = await hale.records();
    const before = await records.effectsIn(ON_THE_WIRE);
    await settled(records, before);
    const inFlight = await Promise.all(before.map((effect) => ended(records, effect)));
    const open = new Set((await records.incidents({ open: true, limit: 1000 })).map(({ id }) => id));
    const halfDone = (await records.effectsIn(openStates)).map((effect) => wayOut(effect, open));
    const data: Stopped = {
      already: already === undefined ? null : { by: already.by, since: new Date(already.since).toISOString() },
      inFlight,
      halfDone,
    };
    return { data, text: textOf(data) };
  });

/** Waits until nothing that was in flight is any more, or the time is up: a dead worker settles nothing. */
async function settled(records: Records, before: readonly EffectRecord[]): Promise<void> {
  const deadline = Date.now() + WATCH_MS;
  const ids = new Set(before.map(({ actionId }) => actionId));
  const waiting = async (): Promise<boolean> => (await records.effectsIn(ON_THE_WIRE)).some(({ actionId }) => ids.has(actionId));
  while (Date.now() < deadline && (await waiting())) await wait(LOOK_EVERY_MS);
}

async function ended(
  records: Records,
  { actionId, incident, service, correction, state }: EffectRecord,
): Promise<Stopped['inFlight'][number]> {
  const now = (await records.effects(incident)).find((effect) => effect.actionId === actionId);
  return { actionId, service, correction, before: state, after: now?.state ?? state };
}

/** A running cycle is told; what an ended one left behind is read back and settled by the next cycle of its service. */
function wayOut({ actionId, incident, service, state }: EffectRecord, open: ReadonlySet<string>): Stopped['halfDone'][number] {
  const runs = open.has(incident);
  return {
    actionId,
    incident,
    state,
    undo: runs ? `hale resume --all && hale abort ${incident}` : `hale resume --all && hale heal ${service}`,
    keep: runs ? `hale takeover ${incident}` : `nothing to do: it stays until a cycle of ${service} runs`,
  };
}

function textOf({ already, inFlight, halfDone }: Stopped): string {
  const head = already
    ? `automation was already stopped by ${plain(already.by)} at ${already.since}`
    : 'automation is stopped: nothing is changed until `hale resume --all`';
  const flight = inFlight.map(
    ({ actionId, correction, after }) =>
      `in flight: ${plain(correction)} (${plain(actionId)}) ${after === 'intended' ? 'has not ended: nobody knows yet whether it happened' : `ended ${after}`}`,
  );
  const half = halfDone.map(({ actionId, state, undo, keep }) => [actionId, state, undo, keep]);
  return [
    head,
    ...(inFlight.length === 0 ? ['nothing was in flight'] : flight),
    ...(half.length === 0 ? ['nothing is half done'] : [table(['HALF DONE', 'STATE', 'UNDO IT', 'KEEP IT'], half)]),
  ].join('\n');
}
