// Drives whole cycles over a real folder of releases whose ages change under them: what a person approved is what is done,
// and what they rejected is not asked again.
import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ask } from '../../contracts/cycle.js';
import { serviceByFile } from '../support/broken-service.js';
import { haleWith, inPhase, openAsk, type Hale, type Handle } from '../support/hale.js';
import { freshReleases } from '../support/releases.js';
import { devServer } from '../support/temporal.js';

let env: TestWorkflowEnvironment;
beforeAll(async () => void (env = await devServer()));
afterAll(() => env.teardown());

async function badRelease() {
  const releases = await freshReleases();
  const { url } = await serviceByFile(join(releases.link, 'health'));
  const hale = await haleWith(
    env,
    `apiVersion: hale/v1
services:
  shop:
    signals:
      up: {http: '${url}', every: 100ms, timeout: 90ms, expect: {status: 200}}
    objectives:
      up: {above: 0, for: 0s, hold: 1s}
    corrections:
      back: {release: ${releases.link}, restore: previous, mode: ask, hold: 1s, within: 300ms, cooldown: 0s}
`,
  );
  return { releases, hale };
}

const decide = (handle: Handle, decision: 'approve' | 'reject', { proposal }: Ask): Promise<unknown> =>
  handle.executeUpdate('decide', { args: [{ by: 'ada', decision, proposal }] });

const callsIn = async ({ pool }: Hale): Promise<unknown[]> =>
  (await pool.query(`select body::jsonb->'data'->>'why' as why from events where body::jsonb->>'kind' = 'person.called' order by seq`))
    .rows;

test('ages that change between ask and approval bring about a new ask, not another release', async () => {
  const { releases, hale } = await badRelease();
  await hale.working(async () => {
    const handle = await hale.start('shop');
    const first = await openAsk(handle);
    expect(first.sentence).toMatch(/now: current -> releases\/v3, .*; then: current -> releases\/v2;/);
    await releases.age('v2', 'v1', 'v3');
    await decide(handle, 'approve', first);
    const second = await openAsk(handle, first);
    expect(second.sentence).toContain('; then: current -> releases/v1;');
    expect(await releases.current()).toBe('releases/v3');
    await decide(handle, 'approve', second);
    expect(await handle.result()).toMatchObject({ outcome: 'healed' });
  });
  expect(await releases.current()).toBe('releases/v1');
});

test('ages that change after the approval leave the approved release the one in force', async () => {
  const { releases, hale } = await badRelease();
  const result = await hale.working(
    async () => {
      const handle = await hale.start('shop');
      await decide(handle, 'approve', await openAsk(handle));
      await inPhase(handle, 'validate');
      expect(await releases.current()).toBe('releases/v2');
      return handle.result();
    },
    (activities) => ({
      applyCorrection: async (input) => {
        await releases.age('v2', 'v1', 'v3');
        return activities.applyCorrection(input);
      },
    }),
  );
  expect(result.outcome).toBe('healed');
  expect(await releases.current()).toBe('releases/v2');
});

test('what a person rejected is not asked again by the next cycle of the incident', async () => {
  const { hale, releases } = await badRelease();
  await hale.working(async () => {
    const handle = await hale.start('shop');
    await decide(handle, 'reject', await openAsk(handle));
    const first = await handle.result();
    const second = await (await hale.start('shop')).result();
    expect(second).toMatchObject({ incident: first.incident, outcome: 'refused', attempts: 0 });
    expect(second.sentence).toBe('back was rejected by ada and would do the same again');
  });
  expect(await callsIn(hale)).toEqual([{ why: 'ask' }]);
  expect(await releases.current()).toBe('releases/v3');
});

test('after a rejection another proposal of the same correction is asked', async () => {
  const { hale, releases } = await badRelease();
  await hale.working(async () => {
    const handle = await hale.start('shop');
    await decide(handle, 'reject', await openAsk(handle));
    const { incident } = await handle.result();
    await releases.age('v2', 'v1', 'v3');
    const next = await hale.start('shop');
    const other = await openAsk(next);
    expect(other.sentence).toContain('; then: current -> releases/v1;');
    await decide(next, 'approve', other);
    expect(await next.result()).toMatchObject({ incident, outcome: 'healed' });
  });
  expect(await callsIn(hale)).toEqual([{ why: 'ask' }, { why: 'ask' }]);
});
