// What doctor is told about repositories, an Alertmanager, and files and programs of this machine; and what it does not ask.
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../workers/stack/ports.js';
import { asked } from '../support/asked.js';
import { startAlertmanager, type DebianServer } from '../support/debian-prometheus.js';
import { freshFolder } from '../support/knob.js';
import { serve } from '../support/listen.js';
import { freshRepository } from '../support/repository.js';

describe('a repository', () => {
  const at = (url: string, branch = 'main', push = 'direct') => `sources: {repo: {git: '${url}', branch: ${branch}}}
services:
  shop: {corrections: {config: {git: lastGood, source: repo, paths: [shop.conf], push: ${push}, mode: ask}}}
`;

  it('is read and never pushed to, so that a push is not asked about', async () => {
    const { url, pushes } = freshRepository([{ 'shop.conf': 'good' }]);
    expect(await asked(at(url))).toEqual([`notAsked ${url}: it can be read; only a push tells whether hale may push: push to main`]);
    expect(pushes()).toEqual([]);
  });

  it('without the branch is trouble, and one that can not be read is unknown', async () => {
    const { url, remove } = freshRepository([{ 'shop.conf': 'good' }]);
    expect(await asked(at(url, 'live'))).toEqual([`trouble ${url}: missing for shop/config (there is no branch live): push to live`]);
    remove();
    expect(await asked(at(url))).toEqual([expect.stringMatching(/^unknown .*it can't be read: .*push to main$/)]);
  });
});

describe('an Alertmanager', () => {
  let server: DebianServer;
  beforeAll(
    async () => void (server = await startAlertmanager({ config: 'route: {receiver: nobody}\nreceivers: [{name: nobody}]\n' })),
    30_000,
  );
  afterAll(() => server.stop());

  const at = (url: string) => `sources: {am: {alertmanager: '${url}'}}
services:
  shop: {corrections: {quiet: {alertmanager: silence, source: am, for: 5m, mode: act}}}
`;
  const set = 'only setting a silence would tell: POST /api/v2/silences';

  it('is asked whether silences may be read and ended, and none is set', async () => {
    expect(await asked(at(server.url))).toEqual([`ok ${server.url}: hale has 2 rights that it needs`, `notAsked ${server.url}: ${set}`]);
    expect(await (await fetch(`${server.url}/api/v2/silences`)).json()).toEqual([]);
  });

  it('behind a proxy that lets nobody end a silence is trouble', async () => {
    const url = await serve((incoming, answer) => {
      if (incoming.method !== 'GET') return void answer.writeHead(403).end();
      request(`${server.url}${incoming.url}`, (response) => response.pipe(answer)).end();
    });
    expect(await asked(at(url))).toEqual([
      `ok ${url}: hale has 1 right that it needs`,
      `trouble ${url}: missing for shop/quiet (it answers 403): DELETE /api/v2/silence/ID`,
      `notAsked ${url}: ${set}`,
    ]);
  });

  it.each([500, 502])('that answers %d to the end of a silence has granted nothing', async (status) => {
    const url = await serve((incoming, answer) => void answer.writeHead(incoming.method === 'GET' ? 200 : status).end('[]'));
    expect(await asked(at(url))).toContainEqual(
      expect.stringMatching(new RegExp(`^unknown .*it answers ${status}.*DELETE /api/v2/silence/ID`)),
    );
  });

  it('that is not there is unknown', async () => {
    expect(await asked(at(`http://127.0.0.1:${await freePort()}`))).toEqual([
      expect.stringMatching(/^unknown .*Alertmanager can't be asked: .*ECONNREFUSED/),
    ]);
  });
});

describe('this machine', () => {
  it('has the programs, files and links of the corrections, or each that is missing is trouble', async () => {
    const folder = await freshFolder();
    await writeFile(join(folder, 'shop.conf'), 'good');
    await mkdir(join(folder, 'v1'));
    await symlink('v1', join(folder, 'current'));
    const at = (restart: string, place: string) => `services:
  shop:
    corrections:
      restart: {exec: [${restart}, shop], undo: nothingToRestore, mode: act}
      config: {file: ${place}/shop.conf, restore: lastGood, then: [/bin/true], mode: act}
      release: {release: ${place}/current, restore: lastGood, mode: act}
`;
    expect(await asked(at('/bin/true', folder))).toEqual(['ok this machine: hale has 4 rights that it needs']);
    expect(await asked(at('/nowhere/restart', join(folder, 'gone')))).toEqual([
      'ok this machine: hale has 1 right that it needs',
      expect.stringMatching(/^trouble this machine: missing for shop\/restart \(there is no program .*\): run \/nowhere\/restart shop$/),
      expect.stringMatching(/^trouble .*shop\/config \(there is no folder .*gone\): write .*shop\.conf and files beside it$/),
      expect.stringMatching(/^trouble .*shop\/release \(there is no folder .*gone\): replace the link .*current$/),
    ]);
  });
});

describe('not asked', () => {
  it('is what only doing would tell, and what is known only when a source has found the instances', async () => {
    const lines = await asked(`secrets: {key: {file: /run/key}}
sources: {vms: {ssh: {user: hale, key: key, knownHosts: /etc/hale/known_hosts}}, prom: {prometheus: 'http://127.0.0.1:1'}}
services:
  web:
    corrections: {reload: {http: 'http://127.0.0.1:9/reload', undo: nothingToRestore, mode: act}}
  edge:
    instances: {source: prom, query: up, by: instance}
    target: {source: vms, host: $host, unit: edge.service}
    corrections: {restart: {systemd: restart, on: instance, mode: act}}
`);
    expect(lines).toEqual([
      expect.stringMatching(
        /^notAsked hale@INSTANCE: which instances there are is known only while hale runs: the key of host INSTANCE in/,
      ),
      'notAsked http://127.0.0.1:9: only doing it would tell: POST http://127.0.0.1:9/reload',
    ]);
  });

  it('is what only observes: it needs nothing', async () => {
    expect(await asked('services: {shop: {corrections: {restart: {exec: [/nowhere], undo: nothingToRestore}}}}\n')).toEqual([]);
  });
});
