// Drives the whole cycle over real parts: a real service over HTTP, its real file, PostgreSQL and a Temporal server.
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unlink } from 'node:fs/promises';
import { postgresSwitches, type Switches } from '../../adapters/postgres/controls.js';
import { fileDrivenService, type FileDrivenService } from '../support/broken-service.js';
import type { CycleState } from '../../contracts/cycle.js';
import { haleWith, rememberGood, inPhase, type Hale } from '../support/hale.js';
import { devServer } from '../support/temporal.js';

let env: TestWorkflowEnvironment;
beforeAll(async () => void (env = await devServer()));
afterAll(() => env.teardown());

const yaml = (service: FileDrivenService, corrections: string, lasting = '0s'): string => `apiVersion: hale/v1
services:
  shop:
    signals:
      up: {http: '${service.url}', every: 100ms, timeout: 90ms, expect: {status: 200}}
    objectives:
      up: {above: 0, for: ${lasting}, hold: 1s}
    corrections:
${corrections}
`;
const lastGood = (file: string, more = ''): string =>
  `      last-good: {file: ${file}, restore: lastGood, mode: act, hold: 1s, within: 300ms, cooldown: 0s${more}}`;

const states = async (hale: Hale): Promise<unknown[]> =>
  (await hale.pool.query<{ state: string }>('select correction, state, verdict from effects order by prepared_at')).rows;

test('a bad configuration is healed by the last good one', async () => {
  const service = await fileDrivenService();
  const hale = await haleWith(env, yaml(service, lastGood(service.file)));
  await rememberGood(hale, 'last-good');
  await service.configure('bad');
  const result = await hale.working(async () => (await hale.start('shop')).result());
  expect(result.outcome).toBe('healed');
  expect(await service.configuration()).toBe('good');
  expect(await states(hale)).toEqual([{ correction: 'last-good', state: 'adopted', verdict: 'held' }]);
});

test('a correction that does not help leaves the file byte-equal to its before-image', async () => {
  const service = await fileDrivenService();
  const hale = await haleWith(env, yaml(service, lastGood(service.file)));
  await service.configure('worse');
  await rememberGood(hale, 'last-good');
  await service.configure('broken by hand\n');
  const result = await hale.working(async () => (await hale.start('shop')).result());
  expect(result.outcome).toBe('escalated');
  expect(await service.configuration()).toBe('broken by hand\n');
  expect(await states(hale)).toEqual([{ correction: 'last-good', state: 'undone', verdict: 'unchanged' }]);
});

test('a file that a person changed meanwhile is left alone, and the cycle is stranded', async () => {
  const service = await fileDrivenService();
  const hale = await haleWith(env, yaml(service, lastGood(service.file)));
  await service.configure('worse');
  await rememberGood(hale, 'last-good');
  await service.configure('bad');
  const result = await hale.working(
    async () => (await hale.start('shop')).result(),
    (activities) => ({
      awaitRecovery: async (input) => {
        await service.configure('a person was here');
        return activities.awaitRecovery(input);
      },
    }),
  );
  expect(result.outcome).toBe('stranded');
  expect(await service.configuration()).toBe('a person was here');
  expect(await hale.ports.controls.held('shop', undefined)).toMatchObject({ outcome: 'stranded' });
});

test('after a stranded cycle hale keeps its hands off until a person resumes', async () => {
  const service = await fileDrivenService();
  const hale = await haleWith(env, yaml(service, lastGood(service.file)));
  await rememberGood(hale, 'last-good');
  await hale.ports.controls.hold('shop', undefined, 'stranded', 'inc-0');
  await service.configure('bad');
  const result = await hale.working(async () => (await hale.start('shop')).result());
  expect(result.outcome).toBe('refused');
  expect(result.sentence).toContain('a person resumes it');
  expect(await service.configuration()).toBe('bad');
});

test('what a terminated cycle left in force is undone by the next one before it looks', async () => {
  const service = await fileDrivenService();
  const hale = await haleWith(env, yaml(service, lastGood(service.file)));
  await service.configure('worse');
  await rememberGood(hale, 'last-good');
  await service.configure('bad');
  await hale.working(async () => {
    const handle = await hale.start('shop');
    await inPhase(handle, 'validate');
    await handle.terminate('by a person');
    const result = await (await hale.start('shop')).result();
    expect(result.outcome).toBe('escalated');
  });
  expect((await states(hale))[0]).toMatchObject({ state: 'undone', verdict: null });
  expect(await service.configuration()).toBe('bad');
});

test('what a terminated cycle left in force is not kept on one reading of an objective that takes longer to break', async () => {
  const service = await fileDrivenService();
  const hale = await haleWith(env, yaml(service, lastGood(service.file), '1s'));
  await service.configure('worse');
  await rememberGood(hale, 'last-good');
  await service.configure('bad');
  await hale.working(async () => {
    const handle = await hale.start('shop');
    await inPhase(handle, 'validate');
    await handle.terminate('by a person');
    await (await hale.start('shop')).result();
  });
  expect((await states(hale))[0]).toMatchObject({ state: 'undone' });
});

test('a service whose dependency begins to break waits for it and is not corrected', async () => {
  const service = await fileDrivenService();
  const database = await fileDrivenService();
  const both = `${yaml(service, lastGood(service.file))}    dependsOn: [database]
  database:
    signals:
      up: {http: '${database.url}', every: 100ms, timeout: 90ms, expect: {status: 200}}
    objectives:
      up: {above: 0, for: 30s, hold: 1s}
`;
  const hale = await haleWith(env, both);
  await rememberGood(hale, 'last-good');
  await service.configure('bad');
  await database.configure('bad');
  await hale.working(async () => {
    const handle = await hale.start('shop');
    for (let state = await handle.query<CycleState>('state'); !state.sentence.includes('waiting for database');) {
      expect(state.phase).not.toBe('correct');
      state = await handle.query<CycleState>('state');
    }
    await handle.executeUpdate('takeOver', { args: [{ by: 'test' }] });
    expect(await handle.result()).toMatchObject({ outcome: 'takenOver', attempts: 0 });
  });
  expect(await service.configuration()).toBe('bad');
});

test('what a terminated cycle left in force is kept when the service is well with it', async () => {
  const service = await fileDrivenService();
  const hale = await haleWith(env, yaml(service, lastGood(service.file)));
  await rememberGood(hale, 'last-good');
  await service.configure('bad');
  await hale.working(async () => {
    const handle = await hale.start('shop');
    await inPhase(handle, 'validate');
    await handle.terminate('by a person');
    const result = await (await hale.start('shop')).result();
    expect(result.outcome).toBe('notConfirmed');
  });
  expect(await states(hale)).toEqual([{ correction: 'last-good', state: 'adopted', verdict: null }]);
});

/** What became of the one effect of a cycle that was let past its gate when somebody threw this switch. */
async function effectAfter(throwSwitch: (switches: Switches) => Promise<unknown>): Promise<unknown> {
  const service = await fileDrivenService();
  const hale = await haleWith(env, yaml(service, lastGood(service.file)));
  await rememberGood(hale, 'last-good');
  await service.configure('bad');
  await hale.working(
    async () => (await hale.start('shop')).result(),
    (activities) => ({
      applyCorrection: async (input) => {
        await throwSwitch(postgresSwitches(hale.pool));
        return activities.applyCorrection(input);
      },
    }),
  );
  expect(await service.configuration()).toBe('bad');
  return (await hale.pool.query('select state, why from effects')).rows[0];
}

test('a stop set while the cycle runs is read right before acting, and nothing is touched', async () => {
  const effect = await effectAfter((switches) => switches.stop({ by: 'ada', key: 'k' }));
  expect(effect).toEqual({ state: 'notApplied', why: 'automation is stopped' });
});

test('a pause that a cycle was not told of is read right before acting, and nothing is touched', async () => {
  const effect = await effectAfter((switches) => switches.pause('shop', Date.now() + 60_000, { by: 'ada', key: 'k' }));
  expect(effect).toEqual({ state: 'notApplied', why: 'shop is paused by ada' });
});

test('a take-over while a breach is not old enough yet ends the cycle at once', async () => {
  const service = await fileDrivenService();
  const hale = await haleWith(env, yaml(service, lastGood(service.file), '10m'));
  await service.configure('bad');
  const result = await hale.working(async () => {
    const cycle = await hale.start('shop');
    await inPhase(cycle, 'detect');
    await cycle.executeUpdate('takeOver', { args: [{ by: 'ada' }] });
    return cycle.result();
  });
  expect(result.outcome).toBe('takenOver');
});

test('what failed on this pattern is tried after what did not', async () => {
  const service = await fileDrivenService();
  const other = await fileDrivenService();
  const corrections = `      other: {file: ${other.file}, restore: lastGood, mode: act, hold: 1s, within: 300ms, cooldown: 0s}\n${lastGood(service.file)}`;
  const hale = await haleWith(env, yaml(service, corrections));
  const breakBoth = async (): Promise<void> => {
    await service.configure('bad');
    await other.configure('changed');
  };
  await rememberGood(hale, 'last-good');
  await rememberGood(hale, 'other');
  await hale.working(async () => {
    await breakBoth();
    expect(await (await hale.start('shop')).result()).toMatchObject({ outcome: 'healed', attempts: 2 });
    await breakBoth();
    expect(await (await hale.start('shop')).result()).toMatchObject({ outcome: 'healed', attempts: 1 });
  });
});

test('a file that somebody removed meanwhile is not brought back, and the cycle is stranded', async () => {
  const service = await fileDrivenService();
  const hale = await haleWith(env, yaml(service, lastGood(service.file)));
  await service.configure('worse');
  await rememberGood(hale, 'last-good');
  await service.configure('bad');
  const result = await hale.working(
    async () => (await hale.start('shop')).result(),
    (activities) => ({
      undoCorrection: async (input) => {
        await unlink(service.file);
        return activities.undoCorrection(input);
      },
    }),
  );
  expect(result.outcome).toBe('stranded');
  await expect(service.configuration()).rejects.toThrow('ENOENT');
});
