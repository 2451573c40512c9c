import type { DockerOperation } from '../../domain/service.js';

/** One request of docker's API that a correction makes; `path` is a regular expression for the whole path, without the query. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
}

const version = String.raw`/v1\.\d+`;
const id = '[a-f0-9]{64}';
const name = '[a-zA-Z0-9][a-zA-Z0-9_.-]*';

const get = (path: string): Call => ({ method: 'GET', path: `^${version}${path}$` });
const post = (path: string): Call => ({ method: 'POST', path: `^${version}${path}$` });

/** Every request that this provider ever makes. What changes something names the container by its whole id. */
export const calls = {
  version: { method: 'GET', path: '^/version$' },
  info: get('/info'),
  list: get('/containers/json'),
  inspect: get(`/containers/${name}/json`),
  image: get('/images/[a-zA-Z0-9_.:/@-]+/json'),
  restart: post(`/containers/${id}/restart`),
  kill: post(`/containers/${id}/kill`),
  wait: post(`/containers/${id}/wait`),
  start: post(`/containers/${id}/start`),
  stop: post(`/containers/${id}/stop`),
  update: post(`/containers/${id}/update`),
  rename: post(`/containers/${id}/rename`),
  create: post('/containers/create'),
  remove: { method: 'DELETE', path: `^${version}/containers/${id}$` },
} satisfies Readonly<Record<string, Call>>;

export type CallName = keyof typeof calls;

const reading = ['version', 'info', 'list', 'inspect'] as const;

/** What each operation needs, its undo included, and no more: what a proxy before docker's socket has to let through. */
export const callsOf: Readonly<Record<DockerOperation, readonly CallName[]>> = {
  restart: [...reading, 'restart', 'start'],
  hardRestart: [...reading, 'kill', 'wait', 'start'],
  start: [...reading, 'start', 'stop'],
  stop: [...reading, 'stop', 'start'],
  limits: [...reading, 'update', 'start', 'stop'],
  recreate: [...reading, 'image', 'create', 'stop', 'update', 'rename', 'start', 'remove'],
};

export const callLine = (name: CallName): string => `${calls[name].method} ${calls[name].path}`;

/**
 * Who may create containers without bounds is root. A proxy that lets `create` through should look into the body and refuse
 * what stands here, so far as no container of yours needs it: a field of the body, and the values of it that are dangerous. A
 * list has the values that are in it, and an empty one an empty value; what is not there, or null, has none. docker takes names
 * in capitals or not, so that a proxy must, too; and it must refuse a body in which a name stands twice.
 */
export const refusedInCreate: readonly {
  readonly field: readonly string[];
  readonly values: string;
  /** Some of these values. */
  readonly examples: readonly unknown[];
}[] = [
  { field: ['HostConfig', 'Privileged'], values: '^true$', examples: [true] },
  { field: ['HostConfig', 'PidMode'], values: '^(host|container:)', examples: ['host', 'container:shop'] },
  { field: ['HostConfig', 'IpcMode'], values: '^(host|container:)', examples: ['host', 'container:shop'] },
  { field: ['HostConfig', 'UsernsMode'], values: '^host$', examples: ['host'] },
  { field: ['HostConfig', 'CgroupParent'], values: '.', examples: ['/'] },
  { field: ['HostConfig', 'CapAdd'], values: '.', examples: [['SYS_ADMIN']] },
  {
    field: ['HostConfig', 'Devices'],
    values: '.',
    examples: [[{ PathOnHost: '/dev/kmsg', PathInContainer: '/dev/kmsg', CgroupPermissions: 'r' }]],
  },
  { field: ['HostConfig', 'DeviceRequests'], values: '.', examples: [[{ Count: 1, Capabilities: [['gpu']] }]] },
  { field: ['HostConfig', 'DeviceCgroupRules'], values: '.', examples: [['c 1:3 r']] },
  { field: ['HostConfig', 'SecurityOpt'], values: 'seccomp|apparmor|label|unconfined', examples: [['seccomp=unconfined'], ['seccomp={}']] },
  { field: ['HostConfig', 'MaskedPaths'], values: '^', examples: [[], ['/hale-asks']] },
  { field: ['HostConfig', 'ReadonlyPaths'], values: '^', examples: [[], ['/hale-asks']] },
  { field: ['HostConfig', 'VolumesFrom'], values: '.', examples: [['shop']] },
  // A volume has a name; whatever else stands there leads to the host, however it is written.
  {
    field: ['HostConfig', 'Binds'],
    values: '^[^a-zA-Z0-9]',
    examples: [['/etc:/hale-asks:ro'], ['/var:/hale-asks'], ['//etc:/hale-asks'], ['/srv/../etc:/hale-asks']],
  },
  {
    field: ['HostConfig', 'Mounts'],
    values: '"Type":"bind"|"DriverConfig":[{]',
    examples: [
      [{ Type: 'bind', Source: '/etc', Target: '/hale-asks' }],
      [{ Type: 'volume', Target: '/hale-asks', VolumeOptions: { DriverConfig: { Name: 'local', Options: { device: '/etc' } } } }],
    ],
  },
];

export const refusalLine = ({ field, values }: (typeof refusedInCreate)[number]): string =>
  `refuse in create: ${field.join('.')} ~ ${values}`;
