import { changeKinds, changeStates, type Change } from '../../domain/change.js';
import type { CloudEvent } from './cloud-event.js';
import { isText } from './labels.js';
import { type Fields, isFields, type Read, read, refuse, shown } from './refusal.js';
import { readBegun, readPast } from './time.js';

export const changesMax = 100;
const textMax = 500;

const HINT = 'such as {"service": "shop", "kind": "deploy", "reference": "v2", "summary": "shop v2", "state": "finished"}';

/** A change as it is kept. */
export interface TakenChange {
  readonly change: Change;
  /** A time of it lay ahead of this clock, and was taken as now. */
  readonly isAhead: boolean;
}

/** One change of a configured service. Without a state it is finished, without a time it is made now. */
export function readChange(value: unknown, source: string, services: readonly string[], now: number): Read<TakenChange> {
  if (!isFields(value)) return refuse(422, 'badChange', `the change is ${shown(value)}`, HINT);
  const { service, kind = 'deploy', state: said = 'finished' } = value;
  if (typeof service !== 'string' || !services.includes(service))
    return refuse(422, 'unknownService', `service is ${shown(service)}`, `a service of the configuration, ${HINT}`);
  if (!isOneOf(changeKinds, kind)) return refuse(422, 'badChange', `kind is ${shown(kind)}`, `one of ${changeKinds.join(', ')}`);
  if (!isOneOf(changeStates, said)) return refuse(422, 'badChange', `state is ${shown(said)}`, `one of ${changeStates.join(', ')}`);
  const times = readTimes(value, said, now);
  if (times.kind === 'refused') return times;
  const { at, isAhead, ...ended } = times.value;
  const texts = [value.id, value.summary, value.reference, value.by].map(shortText);
  const [id, summary, reference, by] = texts;
  if (texts.includes(null))
    return refuse(422, 'badChange', 'id, summary, reference or by is no text', `texts of at most ${textMax} characters`);
  if (!summary && !reference) return refuse(422, 'badChange', 'neither summary nor reference is there', HINT);
  const change: Change = {
    id: id ?? JSON.stringify([service, kind, reference ?? at]),
    source,
    service,
    kind,
    summary: summary ?? reference ?? '',
    ...(reference ? { reference } : {}),
    ...(by ? { by } : {}),
    at,
    ...ended,
  };
  return read({ change, isAhead });
}

type Times = Pick<Change, 'state' | 'at' | 'finishedAt'> & { readonly isAhead: boolean };

/** What has ended by its own times is not under way, whatever its state says. */
function readTimes(value: Fields, said: Change['state'], now: number): Read<Times> {
  const start = readBegun('at', value.at, now);
  if (start.kind === 'refused') return start;
  const end = readPast('finishedAt', value.finishedAt, now);
  if (end.kind === 'refused') return end;
  const at = start.value?.at ?? now;
  const told = end.value?.at;
  if (told !== undefined && start.value !== undefined && told < at)
    return refuse(
      422,
      'badTime',
      `finishedAt is ${shown(value.finishedAt)}, before at, which is ${shown(value.at)}`,
      'a change ends after it began',
    );
  const state = said === 'started' && told !== undefined && told <= now ? 'finished' : said;
  const finishedAt = state === 'started' ? undefined : (told ?? (start.value === undefined ? now : undefined));
  const isAhead = [start.value, end.value].some((time) => time !== undefined && time.told > time.at);
  return read({
    state,
    // What is only told to have ended began by then.
    at: start.value === undefined && told !== undefined ? Math.min(at, told) : at,
    isAhead,
    ...(finishedAt === undefined ? {} : { finishedAt }),
  });
}

const isOneOf = <T extends string>(words: readonly T[], value: unknown): value is T => words.some((word) => word === value);

/** null for what is there and no text of that length. */
function shortText(value: unknown): string | undefined | null {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' && value !== '' && value.length <= textMax && isText(value) ? value : null;
}

/** A change in the plain shape, or one of CDEvents; what its data leave out is told by the event. */
export function changeOfEvent(event: CloudEvent, source: string, services: readonly string[], now: number): Read<TakenChange> {
  const data = isFields(event.data) ? event.data : {};
  const told = cdEvent(event.type, data) ?? data;
  return readChange(
    {
      summary: event.type,
      ...told,
      id: told.id ?? (told.reference === undefined ? `${event.source} ${event.id}` : undefined),
      service: told.service ?? event.subject,
      at: told.at ?? event.time,
    },
    source,
    services,
    now,
  );
}

const CDEVENT = /^dev\.cdevents\.(service|environment|pipelinerun|taskrun)\.([a-z]+)\./;

/** The words of CDEvents that mean a change; undefined where it is none of them. */
function cdEvent(type: string, data: Fields): Fields | undefined {
  const [, what, verb = ''] = CDEVENT.exec(type) ?? [];
  if (what === undefined || !isFields(data.subject)) return undefined;
  const content = isFields(data.subject.content) ? data.subject.content : {};
  const custom = isFields(data.customData) ? data.customData : {};
  const service = custom.service ?? (what === 'service' ? lastPart(data.subject.id) : undefined);
  const isRun = what === 'pipelinerun' || what === 'taskrun';
  const state = isRun ? runState(verb, content.outcome) : 'finished';
  return {
    kind: what === 'environment' ? 'configuration' : 'deploy',
    state,
    service,
    summary: `${what} ${verb}`,
    // A run is told twice under one id; of a service the version tells which change it is.
    ...(isRun ? { id: data.subject.id } : { reference: content.artifactId }),
  };
}

const runState = (verb: string, outcome: unknown): string =>
  verb === 'finished' ? (outcome === 'success' || outcome === undefined ? 'finished' : 'failed') : 'started';

const lastPart = (id: unknown): unknown => (typeof id === 'string' ? id.split('/').at(-1) : id);
