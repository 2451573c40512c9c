import { type Fields, isFields, type Read, read, refuse, shown } from './refusal.js';

/** CloudEvents 1.0, without what hale does not look at. */
export interface CloudEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  readonly time?: string;
  readonly data: unknown;
}

const HINT = 'CloudEvents 1.0: specversion "1.0", and id, source and type as texts that are not empty';
const attributeMax = 1024;

/** Structured mode: the attributes stand in the body. */
export function structuredEvent(value: unknown): Read<CloudEvent> {
  if (!isFields(value)) return refuse(400, 'notCloudEvent', `the event is ${shown(value)}`, HINT);
  if (value.data_base64 !== undefined) return refuse(422, 'notCloudEvent', 'the event holds data_base64', 'data as JSON');
  return eventOf(value, value.data);
}

/** Binary mode: the attributes stand in headers `ce-...`, percent-encoded; the body is the data. undefined when there are none. */
export function binaryEvent(headers: Readonly<Record<string, unknown>>, data: unknown): Read<CloudEvent> | undefined {
  if (headers['ce-specversion'] === undefined && headers['ce-id'] === undefined && headers['ce-type'] === undefined) return undefined;
  const named = ['specversion', 'id', 'source', 'type', 'subject', 'time'].map((name) => [name, decoded(headers[`ce-${name}`])] as const);
  return eventOf(Object.fromEntries(named), data);
}

function decoded(header: unknown): unknown {
  if (typeof header !== 'string') return header;
  try {
    return decodeURIComponent(header);
  } catch {
    return header;
  }
}

function eventOf({ specversion, id, source, type, subject, time }: Fields, data: unknown): Read<CloudEvent> {
  if (specversion !== '1.0') return refuse(422, 'notCloudEvent', `specversion is ${shown(specversion)}`, HINT);
  const isAttribute = (value: unknown): value is string => typeof value === 'string' && value !== '' && value.length <= attributeMax;
  if (!isAttribute(id)) return refuse(422, 'notCloudEvent', `id is ${shown(id)}`, HINT);
  if (!isAttribute(source)) return refuse(422, 'notCloudEvent', `source is ${shown(source)}`, HINT);
  if (!isAttribute(type)) return refuse(422, 'notCloudEvent', `type is ${shown(type)}`, HINT);
  return read({ id, source, type, data, ...(isAttribute(subject) ? { subject } : {}), ...(isAttribute(time) ? { time } : {}) });
}
