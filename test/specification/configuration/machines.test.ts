import { expect, test } from 'vitest';
import { complaints, resolved } from '../../support/configuration.js';

const head = `apiVersion: hale/v1
secrets: {ssh: {file: /run/secrets/hale_ed25519}}
sources:
  vms: {ssh: {user: hale, key: ssh, knownHosts: /etc/hale/known_hosts, atOnce: 2}}
  web: {prometheus: 'http://prom:9090'}
`;
const service = (target: string, fix: string, instances = '[web-1, web-2]'): string => `${head}services:
  agent:
    signals: {up: {http: 'http://127.0.0.1:1/health', every: 1s}}
    objectives: {up: {above: 0}}
    instances: ${instances}
    target: ${target}
    corrections: {fix: ${fix}}
`;
const actionOf = async (target: string, fix: string) => (await resolved(service(target, fix))).agent?.corrections[0];
const machine = {
  host: '$host',
  port: 22,
  user: 'hale',
  key: { file: '/run/secrets/hale_ed25519' },
  knownHosts: '/etc/hale/known_hosts',
  atOnce: 2,
};

test('a unit, a service of runit and folders of logs are corrected on this machine, or on the one that the target names', async () => {
  expect(await actionOf('{source: vms, host: $host, unit: agent.service}', '{systemd: restart, on: instance}')).toMatchObject({
    undo: 'nothingToRestore',
    timeoutMs: 120_000,
    action: { kind: 'systemd', command: 'restart', unit: 'agent.service', machine },
  });
  expect(await actionOf('{service: /etc/service/agent}', '{runit: start}')).toMatchObject({
    undo: 'nothingToRestore',
    action: { kind: 'runit', command: 'start', service: '/etc/service/agent' },
  });
  expect(await actionOf('{source: vms, host: $host}', '{disk: truncateLogs, under: [/var/log/$service], olderThan: 1h}')).toMatchObject({
    undo: 'loses',
    action: { command: 'truncateLogs', under: ['/var/log/$service'], atLeastBytes: 1e8, olderThanMs: 3_600_000, filesMax: 10, machine },
  });
  expect(await actionOf('{}', '{disk: reopenLogs, under: [/library/log], signal: USR1, atLeast: 2GB, files: 3}')).toMatchObject({
    undo: 'nothingToRestore',
    action: { command: 'reopenLogs', signal: 'USR1', atLeastBytes: 2e9, filesMax: 3 },
  });
});

test.each([
  ['{source: vms, host: $host}', '{systemd: restart}', 'names no unit; allowed: target: {unit: edge-agent.service}'],
  ['{}', '{runit: restart}', 'names no service; allowed: target: {service: /etc/service/shop}'],
  ['{}', '{disk: truncateLogs}', 'names no folder; allowed: under: a list of 1 to 10 folders'],
  ['{}', '{disk: truncateLogs, under: []}', 'an empty list selects nothing'],
  [
    '{}',
    '{disk: truncateLogs, under: [/var/log/a, /var/log/b, /var/log/a]}',
    'is a list; allowed: a list of 1 to 10 folders of logs, each once',
  ],
  [
    '{}',
    '{disk: truncateLogs, under: [/var/log/atta/]}',
    'is "/var/log/atta/"; allowed: an absolute path of letters, digits, dot, dash and underscore without a slash at its end',
  ],
  [
    '{service: /etc/service/}',
    '{runit: restart}',
    'target.service: is "/etc/service/"; allowed: an absolute path of letters, digits, dot, dash and underscore without a slash at its end',
  ],
  ['{}', '{disk: truncateLogs, under: [/]}', 'an absolute path of letters'],
  ['{}', '{disk: truncateLogs, under: [/var]}', 'none of the system'],
  ['{}', '{disk: truncateLogs, under: [/etc/shop]}', 'none of the system'],
  ['{}', '{disk: truncateLogs, under: [/var/log/../lib]}', 'an absolute path of letters'],
  ['{}', '{disk: truncateLogs, under: [/var/log/*]}', 'an absolute path of letters'],
  ['{}', '{disk: truncateLogs, under: [/var/log/a], atLeast: 0MB}', 'a size with its unit'],
  ['{}', '{disk: reopenLogs, under: [/var/log/a]}', 'names no signal; allowed: signal: one of HUP, USR1, USR2'],
  ['{}', '{disk: truncateLogs, under: [/var/log/a], signal: HUP}', 'means nothing beside truncateLogs'],
  ['{source: web, host: $host, unit: a.service}', '{systemd: restart}', 'unknown ssh source "web"'],
  ['{host: web-1, unit: a.service}', '{systemd: restart}', 'says no way to the machine; allowed: source: one of vms'],
  ['{source: vms, unit: a.service}', '{systemd: restart}', 'is missing its host; allowed: host: $host'],
  ['{source: vms, host: web-1, unit: a.service}', '{systemd: restart, on: instance}', 'the target is the same for all'],
  ['{source: vms, host: $host, unit: a.service}', '{systemd: restart, on: service}', 'the target has $host'],
  ['{source: vms, host: "-oProxyCommand=id", unit: a.service}', '{systemd: restart}', 'a host such as web-1.internal'],
  ['{unit: "*.service"}', '{systemd: restart}', 'a unit such as edge-agent.service'],
  ['{unit: multi-user.target}', '{systemd: restart}', 'a unit such as edge-agent.service'],
])('%s with %s is refused: %s', async (target, fix, sentence) => {
  expect((await complaints(service(target, fix))).join('\n')).toContain(sentence);
});
