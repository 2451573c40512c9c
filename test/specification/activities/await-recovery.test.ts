// When the hold window may begin: `awaitRecovery` over a real service whose second objective lags behind the first.
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { awaitRecovery } from '../../../activities/validate-recovery.js';
import { configured } from '../../support/configured.js';
import { serve } from '../../support/listen.js';

/** `up` is well at once; `lagging` is bad for its first readings. */
async function service(lag: { readonly badReadings: number }) {
  let read = 0;
  const url = await serve((request, response) => {
    const isBad = request.url === '/lagging' && (read += 1) <= lag.badReadings;
    response.writeHead(isBad ? 503 : 200).end('ok');
  });
  const { ports } = await configured(`apiVersion: hale/v1
services:
  shop:
    signals:
      up: {http: '${url}/up', every: 100ms, expect: {status: 200}}
      lagging: {http: '${url}/lagging', every: 100ms, expect: {status: 200}}
    objectives:
      up: {above: 0, for: 0s, hold: 1s}
      lagging: {above: 0, for: 300ms, hold: 1s}
`);
  const input = { service: 'shop', configVersion: 'v1', actionId: 'c/1/restart', broken: ['up'], settleMs: 2_000 };
  const recovery = await new MockActivityEnvironment().run(awaitRecovery(ports), input);
  return { recovery, readings: () => read };
}

test('the hold window waits for an objective that mends later than the symptom', async () => {
  const { recovery, readings } = await service({ badReadings: 6 });
  expect(recovery).toMatchObject({ kind: 'recovered' });
  expect(readings()).toBeGreaterThan(6);
});

test('an objective that is still broken when the time is over makes it worse', async () => {
  const { recovery } = await service({ badReadings: 1_000 });
  expect(recovery).toMatchObject({ kind: 'worse', evidence: expect.stringContaining('lagging') });
});
