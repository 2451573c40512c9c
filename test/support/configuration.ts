import { loadPlugIns } from '../../adapters/configuration/plug-ins.js';
import { type Checked, checkConfiguration } from '../../contracts/configuration/check.js';
import { problemText } from '../../contracts/configuration/problem.js';

/** The smallest useful file of the design, literally. */
export const minimalFile = `apiVersion: hale/v1
services:
  shop:
    signals:
      up: {http: 'http://127.0.0.1:18080/health', every: 1s, timeout: 900ms, expect: {status: 200, body: '^ok'}}
      queue: {exec: [/usr/local/bin/queue-length], every: 5s}        # prints a number, or a Nagios plugin with plugin: true
    objectives:
      up: {above: 0, for: 2s, hold: 10s}
    corrections:                                                     # the file's order is the first plan
      last-good: {file: /etc/shop/shop.conf, restore: lastGood, then: [/usr/local/bin/shop-restart], mode: act}
      restart: {exec: [/usr/local/bin/shop-restart], repeatable: true, undo: nothingToRestore, mode: act}
    dependsOn: []
`;

/** Checks files given as texts by their paths; the first one is the configuration. */
export function check(files: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}): Promise<Checked> {
  const paths = Object.keys(files);
  return checkConfiguration(paths[0] ?? '', {
    read: (path) => {
      const text = files[path];
      return text === undefined ? Promise.reject(new Error(`ENOENT: no such file, open '${path}'`)) : Promise.resolve(text);
    },
    list: (folder) => Promise.resolve(paths.filter((path) => path.startsWith(folder)).map((path) => path.slice(folder.length))),
    plugIns: loadPlugIns,
    env,
    now: Date.UTC(2026, 10, 24),
  });
}

/** What `hale check` would say is wrong with a configuration, a line each; empty when it is valid. */
export async function complaints(text: string, more: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
  const checked = await check({ 'hale.yaml': text, ...more });
  return checked.kind === 'refused' ? checked.errors.map(problemText) : [];
}

/** The resolved services of a valid configuration by name. Throws with all complaints when it is not. */
export async function resolved(text: string) {
  const checked = await check({ 'hale.yaml': text });
  if (checked.kind === 'refused') throw new Error(checked.errors.map(problemText).join('\n'));
  return Object.fromEntries(checked.fleet.services.map((service) => [service.name, service]));
}
