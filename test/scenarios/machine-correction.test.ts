// The whole cycle over real parts, on what people call another machine: a real runit, behind a real sshd.
import { writeFile } from 'node:fs/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MachineAction } from '../../domain/machine.js';
import { freePort } from '../../workers/stack/ports.js';
import { haleWith, type Hale } from '../support/hale.js';
import { freshFolder } from '../support/knob.js';
import { overSsh } from '../support/machine.js';
import { freshRunit } from '../support/runit.js';
import { devServer } from '../support/temporal.js';

let env: TestWorkflowEnvironment;
beforeAll(async () => void (env = await devServer()));
afterAll(() => env.teardown());

type Runit = Extract<MachineAction, { kind: 'runit' }>;

/** A service that answers as long as its process is younger than what spoils it. */
async function spoiltService() {
  const port = await freePort();
  const program = `${await freshFolder()}/serve.cjs`;
  await writeFile(
    program,
    `let well = true; process.title = 'sleep';
    require('http').createServer((request, answer) => {
      if (request.url === '/spoil') well = false;
      answer.writeHead(well ? 200 : 500).end();
    }).listen(${port}, '127.0.0.1');`,
  );
  const runit = await freshRunit(`exec ${process.execPath} ${program}`);
  const url = `http://127.0.0.1:${port}`;
  await expect
    .poll(
      () =>
        fetch(url)
          .then(({ status }) => status)
          .catch(() => 0),
      { timeout: 10_000 },
    )
    .toBe(200);
  await fetch(`${url}/spoil`);
  return { runit, instance: `127.0.0.1:${port}` };
}

async function broken() {
  const { runit, instance } = await spoiltService();
  const way = await overSsh();
  const { machine } = way.aim<Runit>({ kind: 'runit', command: 'restart', service: runit.service });
  if (machine === undefined || !('file' in machine.key)) throw new Error('no machine');
  const { user, port, knownHosts, key } = machine;
  const yaml = `apiVersion: hale/v1
secrets: {ssh: {file: ${key.file}}}
sources:
  vms: {ssh: {user: ${user}, key: ssh, knownHosts: ${knownHosts}, port: ${port}, atOnce: 1}}
services:
  shop:
    instances: ['${instance}']
    signals:
      up: {http: 'http://$instance/health', per: instance, every: 200ms, timeout: 190ms, expect: {status: 200}}
    objectives:
      up: {above: 0, for: 0s, hold: 1s}
    target: {source: vms, host: $host, service: ${runit.service}}
    corrections:
      restart: {runit: restart, on: instance, mode: act, hold: 1s, within: 5s, cooldown: 0s}
`;
  return { runit, instance, way, hale: await haleWith(env, yaml) };
}

const effects = async ({ pool }: Hale): Promise<unknown[]> =>
  (await pool.query<{ state: string }>('select resource, state, verdict from effects')).rows;

test('a service on another machine is started anew over ssh, and stays well', async () => {
  const { runit, instance, hale } = await broken();
  const result = await hale.working(async () => (await hale.start('shop', instance)).result());
  expect(result).toMatchObject({ outcome: 'healed' });
  expect(await runit.starts()).toBe(2);
  expect(await effects(hale)).toEqual([{ resource: `runit/127.0.0.1${runit.service}`, state: 'adopted', verdict: 'held' }]);
});

test('an answer that is lost on its way back costs no second start', async () => {
  const { runit, instance, way, hale } = await broken();
  await way.loseAnswers();
  const result = await hale.working(async () => (await hale.start('shop', instance)).result());
  expect(result).toMatchObject({ outcome: 'healed' });
  expect(await runit.starts()).toBe(2);
});
