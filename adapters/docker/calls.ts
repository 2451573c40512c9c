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
 * what stands here, so far as no container of yours needs it: a field of the body, and the values of it that are dangerous.
 */
export const refusedInCreate: readonly {
  readonly field: readonly string[];
  readonly values: string;
  /** One of these values. */
  readonly example: unknown;
}[] = [
  { field: ['HostConfig', 'Privileged'], values: '^true$', example: true },
  { field: ['HostConfig', 'PidMode'], values: '^host$', example: 'host' },
  { field: ['HostConfig', 'IpcMode'], values: '^host$', example: 'host' },
  { field: ['HostConfig', 'UsernsMode'], values: '^host$', example: 'host' },
  { field: ['HostConfig', 'CgroupParent'], values: '.', example: '/' },
  { field: ['HostConfig', 'CapAdd'], values: '.', example: ['SYS_ADMIN'] },
  {
    field: ['HostConfig', 'Devices'],
    values: '.',
    example: [{ PathOnHost: '/dev/kmsg', PathInContainer: '/dev/kmsg', CgroupPermissions: 'r' }],
  },
  { field: ['HostConfig', 'DeviceRequests'], values: '.', example: [{ Count: 1, Capabilities: [['gpu']] }] },
  { field: ['HostConfig', 'DeviceCgroupRules'], values: '.', example: ['c 1:3 r'] },
  { field: ['HostConfig', 'SecurityOpt'], values: 'unconfined|label', example: ['seccomp=unconfined'] },
  {
    field: ['HostConfig', 'Binds'],
    values: String.raw`^/(:|etc|proc|sys|dev|root|boot|usr|lib|bin|sbin|var/run|run|var/lib/docker)`,
    example: ['/etc:/hale-asks:ro'],
  },
  { field: ['HostConfig', 'Mounts'], values: '"Type":"bind"', example: [{ Type: 'bind', Source: '/etc', Target: '/hale-asks' }] },
];

export const refusalLine = ({ field, values }: (typeof refusedInCreate)[number]): string =>
  `refuse in create: ${field.join('.')} ~ ${values}`;
