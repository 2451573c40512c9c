import { expect, onTestFinished, test } from 'vitest';
import { startReader } from '../../../activities/watch/reader.js';
import type { Meters } from '../../../activities/ports.js';
import { httpMeter } from '../../../adapters/http/meter.js';
import { serve } from '../../support/listen.js';
import { upSignal } from '../../support/watching.js';

test('however many signals are read, nothing warns of a leak', async () => {
  const url = await serve((_, response) => response.end());
  const warnings: Error[] = [];
  const heard = (warning: Error): void => void warnings.push(warning);
  process.on('warning', heard);
  onTestFinished(() => void process.off('warning', heard));
  const read = new Set<string>();
  const reader = startReader(
    { http: httpMeter() } as unknown as Meters,
    (questions) => questions.forEach(({ service }) => read.add(service)),
    { due: 0, done: 0 },
  );
  onTestFinished(() => reader.stop());
  reader.follow(Array.from({ length: 30 }, (_, index) => ({ service: `shop-${index}`, signal: upSignal(url) })));
  await expect.poll(() => read.size).toBe(30);
  expect(warnings).toEqual([]);
});
