// Many people, and people who mean harm, at one question of a real cycle.
import { randomUUID } from 'node:crypto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signingKey } from '../../adapters/postgres/signatures.js';
import { tell, type CycleAddress } from '../../client/cycles.js';
import { signed } from '../../client/sign.js';
import type { Ask } from '../../contracts/cycle.js';
import { healWorkflowId } from '../../contracts/names.js';
import { fileDrivenService, type FileDrivenService } from '../support/broken-service.js';
import { attack, attacks, decideAtOnce } from '../support/deciding.js';
import { haleWith, openAsk, rememberGood, type Hale, type Handle } from '../support/hale.js';
import { devServer } from '../support/temporal.js';

let env: TestWorkflowEnvironment;
beforeAll(async () => void (env = await devServer()));
afterAll(() => env.teardown());

const configuration = (service: FileDrivenService, policy: string): string => `apiVersion: hale/v1
policy: {${policy}, attempts: 100}
services:
  shop:
    signals:
      up: {http: '${service.url}', every: 300ms, timeout: 290ms, expect: {status: 200}}
    objectives:
      up: {above: 0, for: 0s, hold: 1s}
    corrections:
      back: {file: ${service.file}, restore: lastGood, hold: 1s, within: 20s, cooldown: 0s}
`;

/** A service whose correction asks; what would be restored differs from round to round, and so does the proposal. */
async function asking(policy = '') {
  const service = await fileDrivenService();
  const hale = await haleWith(env, configuration(service, `mode: ask${policy}`));
  await rememberGood(hale, 'back');
  let number = 0;
  return { service, hale, break: () => service.configure(`bad ${(number += 1)}`) };
}

const saidIn = async ({ pool }: Hale): Promise<{ kind: string; by: string; verb: string; verified: boolean; refused: string | null }[]> =>
  (
    await pool.query(`select body::jsonb->>'kind' as kind, body::jsonb->'data'->>'by' as by, body::jsonb->'data'->>'verb' as verb,
                             (body::jsonb->'data'->>'verified')::boolean as verified, body::jsonb->'data'->>'refused' as refused
                        from events where body::jsonb->>'kind' like 'person.%' and body::jsonb->'data' ? 'verb' order by seq`)
  ).rows;

async function addressOf(handle: Handle): Promise<CycleAddress> {
  const { raw } = await handle.describe();
  return { workflowId: healWorkflowId('shop'), cycle: raw.workflowExecutionInfo?.firstRunId ?? '' };
}

const yes = (by: string, { proposal }: Ask) => ({ by, decision: 'approve' as const, proposal });

test('of a hundred people who decide at once one is obeyed, and that decision is the one carried out', async () => {
  const { service, hale, break: breakIt } = await asking();
  const rounds = 8;
  await hale.working(async () => {
    for (let round = 0; round < rounds; round += 1) {
      await breakIt();
      const handle = await hale.start('shop');
      const { proposal } = await openAsk(handle);
      const key = await signingKey(hale.pool);
      const answered = await decideAtOnce([env.client], await addressOf(handle), proposal, key, 100);
      expect(answered).toMatchObject({ obeyed: 1, tooLate: 99, other: [] });
      const { outcome } = await handle.result();
      const [last] = (await saidIn(hale)).filter(({ kind }) => kind === 'person.said').slice(round);
      expect(outcome).toBe(last?.verb === 'approve' ? 'healed' : 'refused');
      expect((await service.configuration()).includes('good')).toBe(last?.verb === 'approve');
    }
  });
  expect((await saidIn(hale)).filter(({ kind }) => kind === 'person.said')).toHaveLength(rounds);
}, 240_000);

test('approval forgery: a decision that was changed, has expired, was used before or is forged leaves the question open', async () => {
  const { hale, break: breakIt } = await asking();
  await breakIt();
  const key = await signingKey(hale.pool);
  await hale.working(async () => {
    const handle = await hale.start('shop');
    const ask = await openAsk(handle);
    const address = await addressOf(handle);
    const used = signed(address, yes('ada', ask), [], key);
    await hale.ports.signatures.use(used.signature?.nonce ?? '', 'an earlier order', key.now + 60_000);
    for (const kind of attacks) {
      const tries = Array.from({ length: 10 }, () =>
        tell(env.client, address, 'decide', attack(kind, address, ask.proposal, key, used), randomUUID()),
      );
      for (const said of await Promise.all(tries))
        expect(said, kind).toMatchObject({ kind: 'refused', sentence: expect.stringContaining('the signature does not count') });
    }
    expect(await openAsk(handle)).toEqual(ask);
    await tell(env.client, address, 'decide', signed(address, yes('ada', ask), [], key), randomUUID());
    const { outcome, sentence } = await handle.result();
    expect(outcome, sentence).toBe('healed');
  });
  const refused = (await saidIn(hale)).filter(({ kind }) => kind === 'person.refused');
  expect(refused).toHaveLength(40);
  expect(refused.every(({ refused: why }) => why?.includes('the signature does not count'))).toBe(true);
});

test('a name typed into the Temporal UI is on record as unverified, and refused where the policy says so', async () => {
  const loose = await asking();
  await loose.break();
  await loose.hale.working(async () => {
    const handle = await loose.hale.start('shop');
    await openAsk(handle);
    await handle.signal('approve', { by: 'ada' });
    expect(await handle.result()).toMatchObject({ outcome: 'healed' });
  });
  expect(await saidIn(loose.hale)).toMatchObject([{ kind: 'person.said', by: 'ada', verb: 'approve', verified: false }]);

  const strict = await asking(', approvals: {unverified: refuse}');
  await strict.break();
  await strict.hale.working(async () => {
    const handle = await strict.hale.start('shop');
    const ask = await openAsk(handle);
    await handle.signal('approve', { by: 'ada' });
    expect(await openAsk(handle)).toEqual(ask);
    await handle.terminate();
  });
  expect(await saidIn(strict.hale)).toMatchObject([
    { kind: 'person.refused', by: 'ada', verified: false, refused: expect.stringContaining('nobody vouches for the name ada') },
  ]);
});

test('a yes under a configuration that does not allow it any more does nothing', async () => {
  const { service, hale, break: breakIt } = await asking();
  await breakIt();
  const key = await signingKey(hale.pool);
  const result = await hale.working(async () => {
    const handle = await hale.start('shop');
    const ask = await openAsk(handle);
    await hale.configure(configuration(service, 'mode: observe'));
    const address = await addressOf(handle);
    await tell(env.client, address, 'decide', signed(address, yes('ada', ask), [], key), randomUUID());
    return handle.result();
  });
  expect(result).toMatchObject({ outcome: 'refused', attempts: 0, sentence: 'mode observe: hale would have done back' });
  expect(await service.configuration()).toContain('bad');
});

test('a yes that came before the question does not answer it', async () => {
  const { hale, break: breakIt } = await asking();
  await breakIt();
  await hale.working(async () => {
    const handle = (await env.client.workflow.signalWithStart('healingCycle', {
      taskQueue: hale.taskQueue,
      workflowId: healWorkflowId('shop'),
      workflowIdConflictPolicy: 'TERMINATE_EXISTING',
      args: [{ service: 'shop', by: 'test' }],
      signal: 'approve',
      signalArgs: [{ by: 'ada' }],
    })) as unknown as Handle;
    const ask = await openAsk(handle);
    expect(ask.yes).toEqual([]);
    await handle.terminate();
  });
  expect(await saidIn(hale)).toMatchObject([{ kind: 'person.refused', refused: expect.stringContaining('nothing is being asked') }]);
});

test.each([
  ['was taken out of the configuration', (text: string) => text.replace('back:', 'other:'), /^back is not in the configuration any more/],
  ['hale may only observe now', (text: string) => text.replace('mode: ask', 'mode: observe'), /^mode observe: hale would have done back/],
])('what %s while people were asked is not done', async (_, change, sentence) => {
  const { service, hale, break: breakIt } = await asking();
  await breakIt();
  const before = await service.configuration();
  await hale.working(async () => {
    const handle = await hale.start('shop');
    const ask = await openAsk(handle);
    await hale.configure(change(configuration(service, 'mode: ask')));
    await handle.executeUpdate('decide', { args: [yes('ada', ask)] });
    expect(await handle.result()).toMatchObject({ outcome: 'refused', sentence: expect.stringMatching(sentence) });
  });
  expect(await service.configuration()).toBe(before);
});
