// Senders that have a token and are slow: what they keep busy, and what they must not.
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { alertmanagerToken, alertsToken, webOn } from '../../support/intake.js';

/** Sends all of a request but the end of its body, and answers with what is said to that. */
async function slowPost(url: string, path: string, token: string): Promise<Slow> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  const slow = { socket, said: '' };
  socket.on('data', (bytes) => (slow.said += String(bytes)));
  await once(socket, 'connect');
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: hale\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
  );
  return slow;
}

interface Slow {
  readonly socket: Socket;
  readonly said: string;
}

const slowly = (count: number, url: string, path: string, token = alertmanagerToken): Promise<Slow[]> =>
  Promise.all(Array.from({ length: count }, () => slowPost(url, path, token)));

const refused = (slow: readonly Slow[]): number => slow.filter(({ said }) => said.includes('503') && said.includes('"busy"')).length;

test('flooding: two hundred slow senders of one source keep neither other sources nor those who watch hale out', async () => {
  const { url, fire, post } = await webOn();
  const slow = await slowly(200, url, '/api/alerts/alertmanager/am-prod');
  await expect.poll(() => refused(slow), { timeout: 5_000 }).toBe(168);
  expect(await fire([])).toMatchObject({ status: 503, body: { error: { message: '32 requests of source am-prod are being answered' } } });
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect((await fetch(`${url}/metrics`)).status).toBe(200);
  expect((await post('/api/alerts/script', '[]', { authorization: `Bearer ${alertsToken}` })).status).toBe(200);
});

test('more requests than there are places are told at once to come again, and a place is free when its line is cut', async () => {
  const { url, post, fire } = await webOn();
  const script = () => post('/api/alerts/script', '[]', { authorization: `Bearer ${alertsToken}` });
  const slow = await slowly(33, url, '/api/alerts/alertmanager/am-prod');
  await expect.poll(() => refused(slow)).toBe(1);
  await slowly(32, url, '/api/alerts/alertmanager/am-twin');
  await expect.poll(script).toMatchObject({ status: 503, body: { error: { message: '64 requests are being answered' } } });
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  for (const { socket } of slow) socket.destroy();
  await expect.poll(async () => (await script()).status).toBe(200);
  expect((await fire([])).status).toBe(200);
});

test('a slow sender to where nothing is takes no place', async () => {
  const { url, fire } = await webOn();
  const slow = await slowly(70, url, '/nothing');
  await expect.poll(() => slow.filter(({ said }) => said.includes('404')).length).toBe(70);
  expect((await fire([])).status).toBe(200);
});
