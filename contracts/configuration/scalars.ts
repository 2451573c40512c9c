import { RE2JS } from 're2js';
import { z } from 'zod';
import { machineWords } from '../../domain/machine.js';
import { isMetadataAddress } from '../../domain/metadata-address.js';

/** The small words of the configuration language. Each says in its message what is allowed, with an example. */

const units = { y: 31_536_000_000, w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;
const durationPattern = /^(?=.)(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m(?!s))?(?:\d+s)?(?:\d+ms)?$/;

/** Milliseconds of a duration written as in Prometheus (`1h30m`, `500ms`); undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  if (text.length > 40 || !durationPattern.test(text)) return undefined;
  const parts = text.matchAll(/(\d+)(ms|y|w|d|h|m|s)/g);
  return [...parts].reduce((sum, [, amount, unit]) => sum + Number(amount) * units[unit as keyof typeof units], 0);
}

/** A duration between `min` and `max`, both written as durations; read into milliseconds. */
export function duration(min = '0s', max = '1y') {
  const error = `a duration with its unit from ${min} to ${max}, such as 500ms, 30s or 1h30m`;
  const [least, most] = [parseDuration(min) ?? 0, parseDuration(max) ?? 0];
  return z
    .string({ error })
    .regex(durationPattern, { error })
    .transform((text) => parseDuration(text) ?? Number.NaN)
    .refine((ms) => ms >= least && ms <= most, { error });
}

const numeral = '[+-]?(?:\\d+\\.?\\d*|\\.\\d+)';
const percentPattern = new RegExp(`^${numeral}%$`);
const amountError = 'a number, a percentage such as 2%, or a duration such as 500ms';

/** A bound: a number as it is, a percentage as a ratio, a duration in seconds, as Prometheus has its base units. */
export const amount = z.union(
  [
    z.number(),
    z
      .string()
      .regex(new RegExp(`${percentPattern.source}|${durationPattern.source}`))
      .transform(parseAmount),
  ],
  { error: amountError },
);

function parseAmount(text: string): number {
  return percentPattern.test(text) ? ratioOf(text) : (parseDuration(text) ?? Number.NaN) / 1000;
}

/** `99.9%` is 0.999 exactly: the decimal point moves in the text, since 99.9 / 100 is not 0.999. */
const ratioOf = (text: string): number => Number(`${text.slice(0, -1)}e-2`);

const percentError = 'a percentage above 0% and at most 100%, such as 99.9%';
export const percent = z
  .string({ error: percentError })
  .regex(percentPattern, { error: percentError })
  .transform(ratioOf)
  .refine((ratio) => ratio > 0 && ratio <= 1, { error: percentError });

const bytesError = 'an amount of bytes with its unit KiB, MiB, GiB or TiB, such as 512MiB';
const byteUnits = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 } as const;
/** In binary units, as kernels count memory. */
export const bytes = z
  .string({ error: bytesError })
  .regex(/^\d{1,12}(KiB|MiB|GiB|TiB)$/, { error: bytesError })
  .transform((text) => Number(text.slice(0, -3)) * byteUnits[text.slice(-3) as keyof typeof byteUnits]);

const votesError = 'how many of how many readings, such as "3 of 5", at most of 100';
export const votes = z
  .string({ error: votesError })
  .regex(/^\d{1,3} of \d{1,3}$/, { error: votesError })
  .transform((text) => {
    const [bad = 0, of = 0] = text.split(' of ').map(Number);
    return { bad, of };
  })
  .refine(({ bad, of }) => bad >= 1 && bad <= of && of <= 100, { error: votesError });

export const count = (min: number, max: number) => {
  const error = `a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
};

export const choice = <const T extends readonly [string, ...string[]]>(...values: T) =>
  z.enum(values, { error: `one of ${values.join(', ')}` });

const textError = 'some text, not empty';
export const text = z
  .string({ error: textError })
  .trim()
  .min(1, { error: textError })
  .max(20_000, { error: 'a text of at most 20000 characters' });

const nameError = 'a name of letters, digits, dot, dash, colon and underscore, at most 63, such as pg-orders';
export const name = z.string({ error: nameError }).regex(/^[a-zA-Z0-9][a-zA-Z0-9._:-]{0,62}$/, { error: nameError });

const argvError = 'a list of program and arguments, such as [/usr/local/bin/restart, $service]; there is no shell';
const programError = 'a program by its absolute path or its plain name, such as /usr/local/bin/restart';
const argumentError =
  'an argument: text or a whole number; of what starts with $ only $service, $instance and $host, since there is no shell';
const argument = z.union([z.string(), z.int().transform(String)], { error: argumentError }).refine(isArgument, { error: argumentError });

/** Program and arguments. A relative path to the program would depend on the folder that hale was started in. */
export const argv = z
  .array(argument, { error: argvError })
  .min(1, { error: argvError })
  .max(200, { error: argvError })
  .refine(([program]) => program === undefined || isProgram(program), { error: programError, path: [0] });

function isArgument(text: string): boolean {
  return text.length <= 10_000 && !/\$(?!(?:service|instance|host)\b)[A-Za-z_{(]/.test(text);
}

const isProgram = (text: string): boolean => text !== '' && (text.startsWith('/') || !text.includes('/'));

const urlError = 'an http or https URL without user and password, such as http://127.0.0.1:8080/health';
const metadataError = 'any address but those where clouds keep the secrets of their machines, since nothing is ever sent there';
export const url = z
  .string({ error: urlError })
  .refine(isHttpUrl, { error: urlError, abort: true })
  .refine((text) => !isMetadataAddress(hostOf(text)), { error: metadataError });

/** Slots may stand where the URL's host or port would be, so that they are read as a harmless name first. */
const withoutSlots = (text: string): string => text.replaceAll(/\$[a-z]+/g, '1');

const hostOf = (text: string): string => new URL(withoutSlots(text)).hostname.replace(/^\[(.*)\]$/, '$1');

function isHttpUrl(text: string): boolean {
  const filled = withoutSlots(text);
  if (!URL.canParse(filled)) return false;
  const { protocol, username, password } = new URL(filled);
  return /^https?:$/.test(protocol) && username === '' && password === '';
}

const dockerError = "unix:///PATH of docker's socket, or http(s)://HOST:PORT of a proxy before it, such as unix:///var/run/docker.sock";
export const dockerUrl = z.string({ error: dockerError }).refine(isDockerUrl, { error: dockerError });

function isDockerUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, pathname, search, hash } = new URL(text);
  const isPlain = username === '' && password === '' && search === '' && hash === '';
  return isPlain && (protocol === 'unix:' ? /^unix:\/\/\/[^/]/.test(text) : /^https?:$/.test(protocol) && pathname === '/');
}

const containerError = 'the name of a container, such as shop or shop-$instance';
export const containerName = z.string({ error: containerError }).regex(/^[a-zA-Z0-9$][a-zA-Z0-9_.$-]{0,127}$/, { error: containerError });

const labelError = 'a label with its value, such as com.docker.compose.service=shop';
export const label = z.string({ error: labelError }).regex(/^[a-zA-Z0-9][a-zA-Z0-9._/-]{0,127}=[^\s=][^\s]{0,255}$/, { error: labelError });

const pathError = 'an absolute path, such as /etc/shop/shop.conf';
export const absolutePath = z
  .string({ error: pathError })
  .refine((path) => path.startsWith('/') && path.length > 1 && path.length < 4096 && !path.split('/').includes('..'), { error: pathError });

/** A text of this pattern, in which `$service`, `$instance` and `$host` may stand. */
const word = (pattern: RegExp, error: string) =>
  z.string({ error }).refine((text) => pattern.test(text.replaceAll(/\$(service|instance|host)\b/g, 'x')), { error });

export const machineWord = (kind: keyof typeof machineWords) => word(machineWords[kind].pattern, machineWords[kind].allowed);

export const slotName = word(
  /^[a-z0-9_]{1,63}$/,
  'the name of one replication slot in small letters, digits and underscore, such as shop_reports',
);

export const settingName = word(
  /^[a-zA-Z_][\w$]*(\.[a-zA-Z_][\w$]*)*$/,
  'the name of a setting in letters, digits and underscore, with a dot where it is of an extension, such as work_mem',
);

const identifier = '(?:[\\w$\\u0080-\\uffff-]+|"(?:[^"\\0]|"")+")';
/** As PostgreSQL reads it from a text: without quotes capitals are small letters, and a dash is allowed. */
export const tableName = word(
  new RegExp(`^${identifier}(?:\\.${identifier})?$`),
  'one table, with its schema or without, in double quotes where it has capitals or spaces, such as public.items or public."Order Items"',
);

const sizeError = 'a size with its unit from 1KB to 999TB, such as 100MB or 2GB';
const sizePattern = /^([1-9]\d{0,2})(KB|MB|GB|TB)$/;
/** Read into bytes, 1000 of a unit to the next. */
export const size = z
  .string({ error: sizeError })
  .regex(sizePattern, { error: sizeError })
  .transform((text) => {
    const [, amount = '', unit = ''] = sizePattern.exec(text) ?? [];
    return Number(amount) * 1000 ** (['KB', 'MB', 'GB', 'TB'].indexOf(unit) + 1);
  });

const regexError = 'a regular expression of at most 1000 characters without look-around and back-references (RE2), such as ^ok';
/** Only what a linear engine takes, so that no answer can make hale think for ever. */
export const regularExpression = z.string({ error: regexError }).max(1000, { error: regexError }).refine(compiles, { error: regexError });

function compiles(pattern: string): boolean {
  try {
    RE2JS.compile(pattern);
    return true;
  } catch {
    return false;
  }
}

const dateError = 'a day (its end in UTC) or an instant with its zone, such as 2026-12-15 or 2026-12-15T18:00:00Z';
/** When something ends, in ms since the epoch. A day means the end of that day, UTC. */
export const until = z
  .string({ error: dateError })
  .regex(/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2}))?$/, { error: dateError })
  .transform((text) => Date.parse(text.length === 10 ? `${text}T23:59:59.999Z` : text))
  .refine((ms) => Number.isFinite(ms) && ms < Date.UTC(2200, 0), { error: dateError });

const labelMatcherError = 'a matcher as in Alertmanager, such as service="shop" or alertname=~"Shop.*"';
const labelMatcherPattern = /^\s*("[^"]+"|[^\s"=!~]+)\s*(=~|!~|!=|=)\s*("[^"]*"|[^\s"]*)\s*$/;
const unquoted = (text: string): string => text.replace(/^"(.*)"$/, '$1');
/** On any label of an alert. */
export const labelMatcher = z
  .string({ error: labelMatcherError })
  .max(1000, { error: labelMatcherError })
  .regex(labelMatcherPattern, { error: labelMatcherError })
  .transform((text) => {
    const [, label = '', operator = '', value = ''] = labelMatcherPattern.exec(text) ?? [];
    return { label: unquoted(label), operator: operator as '=' | '!=' | '=~' | '!~', value: unquoted(value) };
  })
  .refine(({ operator, value }) => !operator.includes('~') || compiles(value), { error: labelMatcherError, abort: true });

const matcherError = 'a matcher as in Alertmanager, such as instance=~"edge-4.*"; labels: service, instance, correction';
const matcherPattern = /^\s*(service|instance|correction)\s*(=~|!~|!=|=)\s*"?([^"]+?)"?\s*$/;
export const matcher = z
  .string({ error: matcherError })
  .regex(matcherPattern, { error: matcherError })
  .transform((text) => {
    const [, label = '', operator = '', value = ''] = matcherPattern.exec(text) ?? [];
    return { label: label as 'service' | 'instance' | 'correction', operator: operator as '=' | '!=' | '=~' | '!~', value };
  })
  .refine(({ operator, value }) => !operator.includes('~') || compiles(value), { error: matcherError })
  .refine(({ operator, value }) => operator.includes('~') || value !== '*', { error: matcherError });
