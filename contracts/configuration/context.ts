import type { PrometheusSource, SecretReference, SqlConnection } from '../../domain/service.js';
import type { SharedFile } from './file.js';
import type { PlugIns } from './files.js';
import { type Problems, unknown } from './problem.js';
import { type Node, type Place, at, fromPlain, keysOf, merge, plain, textOf } from './tree.js';
import { target } from './signal-file.js';

/** What resolving one part needs of the whole: the file, and where to say what is wrong. */
export interface Context {
  readonly file: SharedFile;
  readonly root: Node;
  readonly problems: Problems;
  readonly now: number;
  /** What each module of the file exports, or why it can't be loaded; by its path. */
  readonly plugIns: ReadonlyMap<string, PlugIns | string>;
  /** Every use of a secret, to be tried before anybody relies on it. */
  readonly secretUses: SecretUse[];
}

export interface SecretUse {
  readonly reference: SecretReference;
  readonly place: Place | undefined;
}

/** The node with hale's own defaults in place of what nobody wrote, in the order of the file. */
export const filled = (node: Node, defaults: Readonly<Record<string, unknown>>): Node => merge(node, merge(fromPlain(defaults), node));

/** What a map of the file has under this name; `constructor` is a name like any other and must not find JavaScript's. */
const own = <T>(map: Readonly<Record<string, T>>, name: string | undefined): T | undefined =>
  name !== undefined && Object.hasOwn(map, name) ? map[name] : undefined;

/** The reference behind a secret's name. The name is never repeated in an error: it may be the secret itself. */
export function secretNamed(node: Node | undefined, context: Context): SecretReference | undefined {
  if (node === undefined) return undefined;
  const secret = own(context.file.secrets ?? {}, textOf(node));
  if (secret === undefined) {
    const known = Object.keys(context.file.secrets ?? {}).join(', ') || 'none';
    const sentence = `is no name of an entry of secrets (not shown: it may be a secret in clear); allowed: the name of one, with secrets: {name: {file: /run/secrets/name}}; known here: ${known}`;
    context.problems.error(node.place, sentence);
    return undefined;
  }
  const reference: SecretReference = secret.file === undefined ? { env: secret.env ?? '' } : { file: secret.file };
  context.secretUses.push({ reference, place: node.place });
  return reference;
}

const refreshMsDefault = 15_000;
const queriesPerSecondDefault = 10;

/** The Prometheus that the `source` of a signal or of instances names; reported and undefined when there is none. */
export function prometheusNamed(user: Node, context: Context): PrometheusSource | undefined {
  const name = textOf(at(user, 'source'));
  const sources = context.file.sources ?? {};
  const source = own(sources, name);
  if (name === undefined || source?.prometheus === undefined) {
    const known = Object.keys(sources).filter((one) => sources[one]?.prometheus !== undefined);
    context.problems.error((at(user, 'source') ?? user).place, noPrometheus(name, source !== undefined, known));
    return undefined;
  }
  const token = secretNamed(at(context.root, 'sources', name, 'token'), context);
  return {
    name,
    url: source.prometheus.replace(/\/+$/, ''),
    ...(token && { token }),
    refreshMs: source.refresh ?? refreshMsDefault,
    queriesPerSecondMax: source.maxQueriesPerSecond ?? queriesPerSecondDefault,
  };
}

function noPrometheus(name: string | undefined, isSource: boolean, known: readonly string[]): string {
  if (name === undefined) return `is missing its source; allowed: source: one of ${known.join(', ') || 'sources, where there is none yet'}`;
  return isSource ? `is no Prometheus; allowed: ${known.join(', ') || 'none yet'}` : unknown('source', name, known);
}

type ServerKey = 'smtp' | 'pagerduty' | 'grafana';

/** The entry of `sources` of this name and its URL, without slashes at its end; reported and undefined when it is of another kind. */
export function sourceWith(key: ServerKey, named: Node, context: Context): { readonly node: Node; readonly url: string } | undefined {
  const sources = at(context.root, 'sources');
  const name = textOf(named) ?? '';
  const node = at(sources, name);
  const url = textOf(at(node, key));
  if (node !== undefined && url !== undefined) return { node, url: url.replace(/\/+$/, '') };
  const known = keysOf(sources).filter((one) => at(sources, one, key) !== undefined);
  context.problems.error(
    named.place,
    node === undefined
      ? unknown('source', name, known)
      : `has no ${key}; allowed: ${known.join(', ') || `a source with ${key}: URL, where there is none yet`}`,
  );
  return undefined;
}

export const targetDefaults = { port: 5432, role: 'primary', database: 'postgres' };
const sqlTarget = target.required({ postgres: true, port: true, role: true, database: true });

/** The connection a target describes; reported at `user` and undefined when it describes none. */
export function connectionOf(node: Node | undefined, user: Node, context: Context): SqlConnection | undefined {
  if (at(node, 'postgres') === undefined || node === undefined) {
    const example = 'target: {postgres: [db.internal], user: hale, password: NAME}';
    context.problems.error(user.place, `needs a PostgreSQL to connect to; allowed: ${example}, here or at the service`);
    return undefined;
  }
  if (at(node, 'user') === undefined) {
    context.problems.error(node.place, 'is missing its user; allowed: user: NAME of a PostgreSQL role');
    return undefined;
  }
  const file = sqlTarget.parse(plain(filled(node, targetDefaults)));
  const password = secretNamed(at(node, 'password'), context);
  return {
    hosts: file.postgres,
    port: file.port,
    role: file.role,
    user: file.user ?? '',
    database: file.database,
    ...(password && { password }),
    ...(file.tls !== undefined && { tls: file.tls }),
  };
}
