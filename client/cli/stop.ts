import { setTimeout as wait } from 'node:timers/promises';
import type { EffectRecord, Records } from '../../adapters/postgres/read.js';
import type { Stopped } from '../../contracts/cli.js';
import { openStates } from '../../domain/effect.js';
import type { Fleet } from '../../domain/service.js';
import { lookAt, type Look } from '../cycles.js';
import { withHale, type Hale } from './hale.js';
import { heldBy } from './holds.js';
import { orderOf, type Spoken } from './person.js';
import type { Report } from './report.js';
import { plain, table } from './text.js';
import { resumeCommand, settleCommand } from './way-out.js';

const WATCH_MS = 10_000;
const LOOK_EVERY_MS = 250;
/** No undo begins before the stop is lifted. */
const LIFT = 'hale resume --all && ';
/** Of these a call may be under way. */
const ON_THE_WIRE = ['intended', 'undoing'] as const;

/**
 * stop: no correction and no undo begins from now on. Needs the database only. What had passed its last check is watched
 * for up to 10 s, and told; what is half done is listed with the two ways out, for which Temporal is asked where it answers.
 */
export const stop = (options: Spoken): Promise<Report> =>
  withHale(options, async (hale) => {
    const already = await (await hale.switches()).stop(orderOf(options));
    const records = await hale.records();
    const before = await records.effectsIn(ON_THE_WIRE);
    await settled(records, before);
    const inFlight = await Promise.all(before.map((effect) => ended(records, effect)));
    const halfDone = await halfDoneOf(hale, records);
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

type HalfDone = Stopped['halfDone'][number];

/** What is neither as it was nor decided on, each with its two ways out; stranded effects count until their hold is let go of. */
async function halfDoneOf(hale: Hale, records: Records): Promise<HalfDone[]> {
  const [fleet, { holds }, open] = await Promise.all([records.fleet(), records.switches(), records.effectsIn(openStates)]);
  const [{ stranded }, looks] = await Promise.all([heldBy(records, holds, fleet), lookAtCycles(hale, records, open)]);
  return [
    ...open.map((effect) => wayOut(effect, looks.get(effect.incident) ?? 'unknown', fleet)),
    ...stranded.map((effect) => wayOutOfStranded(effect, fleet)),
  ];
}

/** An open incident is no running cycle: one that was terminated closes nothing. Without Temporal nobody can tell. */
async function lookAtCycles(hale: Hale, records: Records, effects: readonly EffectRecord[]): Promise<Map<string, Look['kind']>> {
  const ids = [...new Set(effects.map(({ incident }) => incident))];
  if (ids.length === 0) return new Map();
  const client = await hale.temporal().catch(() => undefined);
  const look = async (id: string): Promise<[string, Look['kind']]> => {
    const [incident] = await records.incidents({ id, limit: 1 });
    if (incident === undefined || incident.endedAt !== undefined) return [id, 'ended'];
    return [id, client === undefined ? 'unknown' : (await lookAt(client, incident)).kind];
  };
  return new Map(await Promise.all(ids.map(look)));
}

/** A running cycle is told; what an ended one left behind is read back and settled by the next cycle of its service. */
function wayOut(effect: EffectRecord, cycle: Look['kind'], fleet: Fleet | undefined): HalfDone {
  const { actionId, incident, service, state } = effect;
  const running = { undo: `${LIFT}hale abort ${incident}`, keep: `hale takeover ${incident}` };
  const ended = {
    undo: settleCommand(fleet, effect, LIFT),
    keep: `nothing to do: it stays until a cycle of ${service} runs`,
  };
  const both = {
    undo: `${running.undo}; or, if its cycle has ended: ${ended.undo}`,
    keep: `${running.keep}; or, if its cycle has ended: ${ended.keep}`,
  };
  return { actionId, incident, state, ...{ runs: running, ended, unknown: both }[cycle] };
}

function wayOutOfStranded(effect: EffectRecord, fleet: Fleet | undefined): HalfDone {
  const { actionId, incident, resource, state } = effect;
  const keep = resumeCommand(fleet, effect);
  return { actionId, incident, state, undo: `look at ${resource}, put it right by hand, then: ${keep}`, keep };
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
