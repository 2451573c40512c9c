// What is believed of a target that did not answer clearly, over real HTTP targets.
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { withdrawCorrection } from '../../../activities/withdraw-correction.js';
import { freshHttpKnob } from '../../support/http-knob.js';
import { serve } from '../../support/listen.js';
import { actionId, shopCorrection } from '../../support/shop-correction.js';
import { slowTarget } from '../../support/slow-target.js';

/** Its first try was cut off around its call, and nobody can ask its target what became of that. */
async function mayHaveActed() {
  const knob = await freshHttpKnob();
  const shop = await shopCorrection(`http: '${knob.url}', repeatable: true, undo: nothingToRestore`);
  await shop.propose();
  await shop.cutOff();
  return { knob, ...shop };
}

test('a refusal on a retry is not believed after a possible act', async () => {
  const { knob, apply, effect } = await mayHaveActed();
  knob.manner = 'refusing';
  expect(await apply()).toMatchObject({ kind: 'applied' });
  expect(await effect()).toMatchObject({ state: 'applied' });
});

test('a stop before the retry does not unmake a possible act', async () => {
  const { knob, apply, effect, stop } = await mayHaveActed();
  await stop();
  expect(await apply()).toMatchObject({ kind: 'applied' });
  expect(knob.ledger).toEqual([]);
  expect(await effect()).toMatchObject({ state: 'applied' });
});

test('a refusal of the first try means that nothing was done', async () => {
  const knob = await freshHttpKnob();
  knob.manner = 'refusing';
  const { propose, apply, effect } = await shopCorrection(`http: '${knob.url}', repeatable: true, undo: nothingToRestore`);
  await propose();
  expect(await apply()).toMatchObject({ kind: 'notApplied', reason: expect.stringContaining('a newer fence was seen') });
  expect(await effect()).toMatchObject({ state: 'notApplied' });
});

test('what may not be repeated is not repeated when nobody can tell', async () => {
  const knob = await freshHttpKnob();
  const { propose, cutOff, apply, effect } = await shopCorrection(`http: '${knob.url}', undo: nothingToRestore`);
  await propose();
  await cutOff();
  expect(await apply()).toMatchObject({ kind: 'unknown' });
  expect(knob.ledger).toEqual([]);
  expect(await effect()).toMatchObject({ state: 'unknown' });
});

test('an unclear answer is read back until the time of the call is over', async () => {
  const target = await slowTarget(600);
  const fix = `http: '${target.url}/retune', verify: '${target.url}/did', undo: nothingToRestore, timeout: 300ms`;
  const { propose, apply, effect } = await shopCorrection(fix);
  await propose();
  expect(await apply()).toMatchObject({ kind: 'applied' });
  expect(target.asked).toHaveLength(1);
  expect(await effect()).toMatchObject({ state: 'applied' });
});

test('an unclear answer that verify denies to the end means that nothing was done', async () => {
  const url = await serve(
    (request, response) => void (request.method === 'GET' ? response.writeHead(404).end() : request.socket.destroy()),
  );
  const { propose, apply, effect } = await shopCorrection(`http: '${url}', verify: '${url}', undo: nothingToRestore, timeout: 300ms`);
  await propose();
  expect(await apply()).toMatchObject({ kind: 'notApplied' });
  expect(await effect()).toMatchObject({ state: 'notApplied' });
});

test('an answer that was lost leaves unknown what may not be repeated', async () => {
  const knob = await freshHttpKnob();
  knob.manner = 'silent';
  const { propose, apply, effect } = await shopCorrection(`http: '${knob.url}', undo: nothingToRestore`);
  await propose();
  expect(await apply()).toMatchObject({ kind: 'unknown' });
  expect(await effect()).toMatchObject({ state: 'unknown' });
});

test('a stopping worker leaves it to the next one to find out what its call did', async () => {
  const target = await slowTarget(300);
  const fix = `http: '${target.url}/retune', verify: '${target.url}/did', undo: nothingToRestore, timeout: 5s`;
  const { propose, apply, effect } = await shopCorrection(fix);
  await propose();
  const worker = new MockActivityEnvironment();
  const cutShort = expect(apply(worker)).rejects.toThrow();
  await expect.poll(() => target.asked, { interval: 10 }).toHaveLength(1);
  worker.cancel('WORKER_SHUTDOWN');
  await cutShort;
  expect(await effect()).toMatchObject({ state: 'intended' });
  expect(await apply()).toMatchObject({ kind: 'applied' });
  expect(target.asked).toHaveLength(1);
});

test('a worker that stops while it finds out leaves that to the next one, and calls nothing unknown', async () => {
  const target = await slowTarget(5_000);
  let asked = 0;
  const url = await serve((request, response) => void (request.method === 'GET' ? (asked += 1) : response.writeHead(500).end()));
  const { propose, cutOff, apply, effect } = await shopCorrection(
    `http: '${target.url}/retune', verify: '${url}', undo: nothingToRestore, timeout: 5s`,
  );
  await propose();
  await cutOff();
  const worker = new MockActivityEnvironment();
  const cutShort = expect(apply(worker)).rejects.toThrow();
  await expect.poll(() => asked, { interval: 10 }).toBe(1);
  worker.cancel('WORKER_SHUTDOWN');
  await cutShort;
  expect(await effect()).toMatchObject({ state: 'intended' });
});

test('what was begun can not be withdrawn; what was not is never done after that', async () => {
  const knob = await freshHttpKnob();
  const { ports, propose, apply, effect } = await shopCorrection(`http: '${knob.url}', undo: nothingToRestore`);
  const withdraw = () => withdrawCorrection(ports)({ actionId, why: 'no worker polls' });
  await propose();
  expect([await withdraw(), await withdraw()]).toEqual([{ withdrawn: true }, { withdrawn: true }]);
  expect(await effect()).toMatchObject({ state: 'notApplied', why: 'no worker polls' });
  expect(await apply()).toMatchObject({ kind: 'notApplied' });
  expect(knob.ledger).toEqual([]);
  const other = await shopCorrection(`http: '${knob.url}', undo: nothingToRestore`);
  await other.propose();
  await other.cutOff();
  expect(await withdrawCorrection(other.ports)({ actionId, why: 'no worker polls' })).toEqual({ withdrawn: false });
  expect(await other.effect()).toMatchObject({ state: 'intended' });
});
