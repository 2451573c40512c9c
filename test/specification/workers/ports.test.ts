import { mkdtemp, readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { choosePorts, freePort } from '../../../workers/stack/ports.js';

const folder = (): Promise<string> => mkdtemp(join(tmpdir(), 'hale-ports-'));
const nothing = new Set<number>();

function occupy(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    onTestFinished(() => void server.close());
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

test('a later start gets the ports of the earlier one', async () => {
  const state = await folder();
  const first = await choosePorts(state, undefined, nothing);
  expect(await choosePorts(state, undefined, nothing)).toEqual(first);
  expect(new Set(Object.values(first)).size).toBe(4);
});

test('a free port is none that the system gives to outgoing connections', async () => {
  const range = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').catch(() => '49152 65535');
  const ports = await Promise.all(Array.from({ length: 50 }, () => freePort()));
  expect(Math.max(...ports)).toBeLessThan(Number(range.trim().split(/\s+/)[0]));
});

test('a remembered port that a stranger took meanwhile is replaced', async () => {
  const state = await folder();
  const first = await choosePorts(state, undefined, nothing);
  await occupy(first.temporal);
  const second = await choosePorts(state, undefined, nothing);
  expect(second.temporal).not.toBe(first.temporal);
  expect(second.postgres).toBe(first.postgres);
});

test('a port held by a process that is adopted is not foreign', async () => {
  const state = await folder();
  const first = await choosePorts(state, undefined, nothing);
  await occupy(first.temporal);
  expect(await choosePorts(state, undefined, new Set([first.temporal]))).toEqual(first);
});

/** The first of four ports in a row that nobody has: other tests are at work beside this one. */
async function fourInARow(): Promise<number> {
  const first = await freePort();
  const chosen = await choosePorts(await folder(), first, nothing).catch(() => undefined);
  return chosen === undefined ? fourInARow() : first;
}

test('a busy port that was asked for is named with the way out', async () => {
  const first = await fourInARow();
  const busy = await occupy(first + 2);
  await expect(choosePorts(await folder(), first, nothing)).rejects.toThrow(
    new RegExp(
      `port ${busy} \\(temporal\\) is in use by another program\\. --port ${first} needs .*give another, for example --port ${first + 10}`,
    ),
  );
});
