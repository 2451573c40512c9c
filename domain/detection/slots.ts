/** Values that configuration may ask for by `$service`, `$instance` and `$host` (the instance without its port). */
export interface Slots {
  readonly service: string;
  readonly instance?: string;
}

export type Filled<T> = { readonly kind: 'filled'; readonly value: T } | { readonly kind: 'refused'; readonly why: string };

/** No quote, space, slash or backslash can pass, so a filled value can't leave its place in a URL, a query or an argument. */
const permitted = /^[a-zA-Z0-9][a-zA-Z0-9._:-]{0,62}$/;

/** Fills the slots in every string of `value`, however deep. Refuses as a whole when one slot has no permitted value. */
export function fillSlots<T>(value: T, slots: Slots): Filled<T> {
  const values = {
    service: slots.service,
    ...(slots.instance === undefined ? {} : { instance: slots.instance, host: hostOf(slots.instance) }),
  };
  const refusals = slotsIn(value).flatMap((name) => refusalOf(name, (values as Partial<Record<string, string>>)[name]));
  const [why] = refusals;
  return why === undefined ? { kind: 'filled', value: replaced(value, values) as T } : { kind: 'refused', why };
}

const slot = /\$(service|instance|host)\b/g;

const hostOf = (instance: string): string => instance.replace(/:\d+$/, '');

function slotsIn(value: unknown): string[] {
  if (typeof value === 'string') return [...value.matchAll(slot)].map((match) => match[1] ?? '');
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(slotsIn);
  return [];
}

function refusalOf(name: string, value: string | undefined): string[] {
  if (value === undefined) return [`$${name} has no value here: the signal or correction is not per instance`];
  if (permitted.test(value)) return [];
  return [`$${name} is ${JSON.stringify(value)}: letters, digits, dot, dash, colon and underscore are allowed, at most 63 (node-7:9100)`];
}

function replaced(value: unknown, values: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string') return value.replace(slot, (_, name: string) => values[name] ?? '');
  if (Array.isArray(value)) return value.map((item) => replaced(item, values));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replaced(item, values)]));
}
