// The last look before the world is touched, over a real target, real leases and the real stop flag.
import { expect, onTestFinished, test, vi } from 'vitest';
import { freshHttpKnob } from '../../support/http-knob.js';
import { actionId, shopCorrection } from '../../support/shop-correction.js';

const MINUTE = 60_000;
const turnOn = (url: string): string => `http: '${url}', verify: '${url}', undo: {http: '${url}'}, timeout: 5s`;

test('an action whose lease passed to another cycle meanwhile is not sent', async () => {
  const knob = await freshHttpKnob();
  const { propose, apply, effect } = await shopCorrection(turnOn(knob.url), (real) => ({
    acquire: async (resource, holder, ttlMs) => {
      const lease = await real.acquire(resource, holder, ttlMs);
      await real.releaseAll(holder);
      await real.acquire(resource, 'cycle-2', MINUTE);
      return lease;
    },
  }));
  await propose();
  expect(await apply()).toMatchObject({ kind: 'notPermitted', reason: expect.stringContaining('is lost') });
  expect(knob.ledger).toEqual([]);
  expect(await effect()).toMatchObject({ state: 'notApplied' });
});

test('an action on what another cycle acts upon waits for it, and nothing is on record as begun', async () => {
  const knob = await freshHttpKnob();
  const { propose, apply, effect } = await shopCorrection(turnOn(knob.url), (real) => ({
    acquire: async (resource, holder, ttlMs) => {
      await real.acquire(resource, 'cycle-2', MINUTE);
      return real.acquire(resource, holder, ttlMs);
    },
  }));
  await propose();
  expect(await apply()).toMatchObject({ kind: 'busy', reason: expect.stringContaining('is being acted upon by cycle cycle-2') });
  expect(knob.ledger).toEqual([]);
  expect(await effect()).toMatchObject({ state: 'prepared' });
});

test('an action whose lease ends within its time limit is not sent', async () => {
  const knob = await freshHttpKnob();
  const { propose, apply } = await shopCorrection(turnOn(knob.url), (real) => ({
    acquire: (resource, holder) => real.acquire(resource, holder, 4_000),
  }));
  await propose();
  expect(await apply()).toMatchObject({ kind: 'notPermitted', reason: expect.stringContaining('within 5000 ms') });
  expect(knob.ledger).toEqual([]);
});

test('an action whose worker was frozen with the answer about its lease in hand is not sent', async () => {
  const knob = await freshHttpKnob();
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  onTestFinished(() => void vi.useRealTimers());
  let looks = 0;
  const { propose, apply, effect } = await shopCorrection(turnOn(knob.url), (real) => ({
    holds: async (resource, holder, ...more) => {
      const answer = await real.holds(resource, holder, ...more);
      looks += 1;
      if (looks === 1) {
        await real.releaseAll(holder);
        await real.acquire(resource, 'cycle-2', MINUTE);
        vi.setSystemTime(Date.now() + MINUTE);
      }
      return answer;
    },
  }));
  await propose();
  expect(await apply()).toMatchObject({ kind: 'notPermitted', reason: expect.stringContaining('is lost') });
  expect(looks).toBe(2);
  expect(knob.ledger).toEqual([]);
  expect(await effect()).toMatchObject({ state: 'notApplied' });
});

test('an action is not sent while every look at its lease takes long', async () => {
  const knob = await freshHttpKnob();
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  onTestFinished(() => void vi.useRealTimers());
  const { propose, apply } = await shopCorrection(turnOn(knob.url), (real) => ({
    holds: async (...asked) => {
      vi.setSystemTime(Date.now() + 4_000);
      return real.holds(...asked);
    },
  }));
  await propose();
  expect(await apply()).toMatchObject({ kind: 'notPermitted', reason: expect.stringContaining('within 3000 ms') });
  expect(knob.ledger).toEqual([]);
});

test('an undo whose lease passed to another cycle meanwhile is not sent', async () => {
  const knob = await freshHttpKnob();
  let isLost = false;
  const { propose, apply, undo, effect } = await shopCorrection(turnOn(knob.url), (real) => ({
    holds: async (...asked) => !isLost && (await real.holds(...asked)),
  }));
  await propose();
  await apply();
  isLost = true;
  expect(await undo()).toMatchObject({ reason: expect.stringContaining('is lost') });
  expect(knob.ledger).toHaveLength(1);
  expect(await effect()).toMatchObject({ state: 'applied' });
});

test('an undo under stop is not done, and the effect stays listed as in force', async () => {
  const knob = await freshHttpKnob();
  const { propose, apply, undo, effect, stop } = await shopCorrection(turnOn(knob.url));
  await propose();
  await apply();
  await stop();
  expect(await undo()).toMatchObject({ reason: expect.stringContaining('stopped') });
  expect(knob.ledger).toHaveLength(1);
  expect(await effect()).toMatchObject({ state: 'applied' });
});

test('a cut-off undo under stop stays listed as one that may have been done', async () => {
  const { url } = await freshHttpKnob();
  const { ports, propose, apply, undo, effect, stop } = await shopCorrection(
    `http: '${url}', verify: '${url}', undo: {http: '${url}'}, timeout: 300ms`,
  );
  await propose();
  await apply();
  await ports.effects.move(actionId, ['applied'], 'undoing');
  await stop();
  expect(await undo()).toMatchObject({ reason: expect.stringContaining('stopped') });
  expect(await effect()).toMatchObject({ state: 'undoing' });
});
