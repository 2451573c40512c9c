import { shortId, type Container } from './container.js';

type Json = Readonly<Record<string, unknown>>;

/** All that makes a container what it is, as `create` takes it: its values may be secrets. */
export interface Specification {
  /** Id of the image. */
  readonly image: string;
  readonly config: Json;
  readonly hostConfig: Json;
  /** Addresses and aliases in its own network, by the network's name. */
  readonly endpoints: Json;
}

/** Written by hale to what it creates, so that a lost answer is found again. */
export const actionLabel = 'hale.action';

const plainNetworks = ['default', 'none', 'host', 'bridge', 'nat'];
const isAnonymous = (volume: string): boolean => /^[0-9a-f]{64}$/.test(volume);
const isNamed = (source: string | undefined): source is string => source !== undefined && source !== '' && !isAnonymous(source);

/** What a container was created with. What docker has made up itself, such as its host name, is left for docker to make up. */
export function specificationOf(container: Container): Specification {
  const { Hostname, Labels, Image: _tag, ...config } = container.Config;
  const { Binds, Mounts, ContainerIDFile: _file, ...hostConfig } = withoutDefaults(container.HostConfig as Json & Ways);
  const labels = Object.entries(Labels ?? {}).filter(([label]) => label !== actionLabel);
  return {
    image: container.Image,
    config: {
      ...config,
      ...(Hostname === shortId(container.Id) ? {} : { Hostname }),
      Labels: Object.fromEntries(labels),
    },
    hostConfig: {
      ...hostConfig,
      RestartPolicy: policyOf(container),
      Binds: (Binds ?? []).filter((bind) => !isAnonymous(bind.split(':')[0] ?? '')),
      Mounts: (Mounts ?? []).map(({ Source, ...mount }) => (isNamed(Source) ? { ...mount, Source } : mount)),
    },
    endpoints: endpointsOf(container),
  };
}

/** Nothing and `no` mean the same, and docker writes either. */
const policyOf = ({ HostConfig: { RestartPolicy } }: Container): Json => ({ ...RestartPolicy, Name: RestartPolicy?.Name || 'no' });

interface Ways {
  readonly Binds?: string[];
  readonly Mounts?: Mount[];
}

const hiding = ['MaskedPaths', 'ReadonlyPaths'];
const HIDES_NOTHING = 'nothing';

/** What docker hides is a list of each version's own; that it hides nothing is somebody's choice, and more than an empty list. */
const withoutDefaults = <T extends Json>(hostConfig: T): T => {
  const entries = Object.entries(hostConfig).filter(([key, value]) => !hiding.includes(key) || isEmpty(value));
  return Object.fromEntries(entries.map(([key, value]) => [key, hiding.includes(key) ? HIDES_NOTHING : value])) as T;
};

const withDefaults = (hostConfig: Json): Json =>
  Object.fromEntries(Object.entries(hostConfig).map(([key, value]) => [key, hiding.includes(key) && value === HIDES_NOTHING ? [] : value]));

interface Mount {
  readonly Type: string;
  readonly Source?: string;
  readonly Target: string;
}

function endpointsOf({ Id, HostConfig, NetworkSettings }: Container): Json {
  const mode = HostConfig.NetworkMode ?? 'default';
  if (plainNetworks.includes(mode) || mode.startsWith('container:')) return {};
  const entries = Object.entries(NetworkSettings.Networks ?? {}).map(([name, { IPAMConfig, Aliases, Links }]) => {
    const aliases = ((Aliases ?? []) as string[]).filter((alias) => alias !== shortId(Id));
    return [name, { IPAMConfig, Links, Aliases: aliases }];
  });
  return Object.fromEntries(entries);
}

/** What this way of making a container again can't do; undefined where there is nothing of it. */
export function unsupported(container: Container): string | undefined {
  const { HostConfig, NetworkSettings } = container;
  if (HostConfig.AutoRemove) return 'it was started with --rm, so that docker removes it when it ends: there would be no way back';
  if ((HostConfig.Links ?? []).length > 0) return 'it has legacy links to other containers, which hale does not make again';
  const networks = Object.keys(NetworkSettings.Networks ?? {});
  if (networks.length > 1) return `it is in ${networks.length} networks (${networks.join(', ')}), and hale makes containers in one`;
  return undefined;
}

/** What docker refuses to make, whatever else is asked; undefined where there is nothing of it. */
export const unmakeable = ({ hostConfig: { NetworkMode } }: Specification): string | undefined =>
  String(NetworkMode).startsWith('container:')
    ? `its last known good configuration has the network of another container (${String(NetworkMode)}), which hale does not make again`
    : undefined;

/**
 * The body of `create`. Volumes without a name are data of the container in its place, which the new one goes on with.
 * The image goes by its name where that still means the same image.
 */
export function creationOf(specification: Specification, replaced: Container, name: { image: string; action: string }): Json {
  const { config, hostConfig, endpoints } = specification;
  const volumes = new Map(
    replaced.Mounts.filter(({ Type, Name }) => Type === 'volume' && isAnonymous(Name ?? '')).map(
      ({ Name, Destination, RW }) => [Destination, { volume: Name ?? '', mode: RW ? '' : ':ro' }] as const,
    ),
  );
  const { Binds, Mounts, ...rest } = hostConfig as Json & { Binds: string[]; Mounts: Mount[] };
  const mounts = Mounts.map((mount) => ({ ...mount, Source: mount.Source || (volumes.get(mount.Target)?.volume ?? '') }));
  const taken = new Set(mounts.map(({ Target }) => Target));
  const kept = [...volumes].filter(([destination]) => !taken.has(destination));
  return {
    ...config,
    Image: name.image,
    Labels: { ...(config.Labels as Json), [actionLabel]: name.action },
    HostConfig: {
      ...withDefaults(rest),
      Binds: [...Binds, ...kept.map(([at, { volume, mode }]) => `${volume}:${at}${mode}`)],
      Mounts: mounts,
    },
    NetworkingConfig: { EndpointsConfig: endpoints },
  };
}

/** The same text for the same specification: keys in order, and nothing of what docker writes now as null, now as empty. */
export const canonical = (specification: Specification): string => JSON.stringify(compact(specification));

function compact(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(compact);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, compact(item)] as const);
  return Object.fromEntries(entries.filter(([, item]) => !isEmpty(item)).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

const isEmpty = (value: unknown): boolean =>
  value === null || value === undefined || (typeof value === 'object' && Object.keys(value).length === 0);

/** Names of what differs, without any value: `image, Cmd, Env PORT, HostConfig.Memory`. */
export function differences(one: Specification, other: Specification): string {
  const found = [
    ...(one.image === other.image ? [] : ['image']),
    ...differing(one.config, other.config, ''),
    ...differing(one.hostConfig, other.hostConfig, 'HostConfig.'),
    ...(same(one.endpoints, other.endpoints) ? [] : ['network']),
  ];
  const shown = found.slice(0, 8).join(', ');
  return found.length > 8 ? `${shown} and ${found.length - 8} more` : shown;
}

function differing(one: Json, other: Json, before: string): string[] {
  const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();
  return keys
    .filter((key) => !same(one[key], other[key]))
    .flatMap((key) => (key === 'Env' ? variables(one[key], other[key]) : [`${before}${key}`]));
}

function variables(one: unknown, other: unknown): string[] {
  const [these, those] = [one, other].map((env) => (Array.isArray(env) ? env.map(String) : []));
  const odd = [...(these ?? []), ...(those ?? [])].filter((entry) => !(these?.includes(entry) && those?.includes(entry)));
  return [...new Set(odd.map((entry) => `Env ${entry.split('=')[0]}`))].sort();
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(compact(one) ?? null) === JSON.stringify(compact(other) ?? null);
