// What the first look of a cycle says, over a real service that loses answers.
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { observeService } from '../../../activities/observe-service.js';
import { configured } from '../../support/configured.js';
import { serve } from '../../support/listen.js';

/** The service loses its first answers, then says with every one that it is down. */
async function lookAt(lost: number) {
  let asked = 0;
  const url = await serve((request, response) => {
    asked += 1;
    if (asked <= lost) return void request.socket.destroy();
    return void response.end('# TYPE up gauge\nup 0\n');
  });
  const { ports } = await configured(`apiVersion: hale/v1
services:
  shop:
    signals: {up: {scrape: '${url}', metric: up, every: 200ms}}
    objectives: {up: {above: 0, for: 0s}}
`);
  return new MockActivityEnvironment().run(observeService(ports), { service: 'shop', configVersion: 'v1' });
}

test('an answer that got lost is asked for again before anybody is called', async () => {
  expect(await lookAt(2)).toMatchObject({ kind: 'broken' });
});

test('what stays silent is said to be no data', { timeout: 30_000 }, async () => {
  expect(await lookAt(Number.POSITIVE_INFINITY)).toMatchObject({ kind: 'noData', evidence: expect.stringContaining('up is no data') });
});
