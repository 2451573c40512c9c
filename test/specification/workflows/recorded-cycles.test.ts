// Replays one recorded cycle of each outcome against the code as it is now. A change that diverges would break the
// cycles that are open during an upgrade: put it behind `patched`. `npm run histories` records the corpus anew.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { expect, inject, onTestFinished, test } from 'vitest';
import { outcomeScripts, type OutcomeScript } from '../../support/outcome-scripts.js';
import { scriptedWorld } from '../../support/scripted-world.js';
import { runCycle, timeSkipping, type RunningCycle } from '../../support/temporal.js';

const fileOf = (outcome: string): string => fileURLToPath(new URL(`../../histories/${outcome}.json`, import.meta.url));
const payloadConverterPath = fileURLToPath(new URL('../../../dist/contracts/payload-converter.js', import.meta.url));

const replay = (history: unknown): Promise<void> =>
  Worker.runReplayHistory({ workflowBundle: { codePath: inject('codePath') }, dataConverter: { payloadConverterPath } }, history);

async function record(outcome: string, { world, during }: OutcomeScript): Promise<void> {
  const env = await timeSkipping();
  onTestFinished(() => env.teardown());
  let handle: RunningCycle['handle'] | undefined;
  const result = await runCycle(env, scriptedWorld(world).activities, { service: 'shop', by: 'watch' }, async (running) => {
    ({ handle } = running);
    await during?.(running, env);
  });
  expect(result.outcome).toBe(outcome);
  const history = await handle?.fetchHistory();
  if (history !== undefined) await writeFile(fileOf(outcome), `${withoutMachine(historyToJSON(history))}\n`);
}

/** Who ran it is no part of the record: process ids and host names of a recording machine. */
const withoutMachine = (json: string): string =>
  JSON.stringify(JSON.parse(json), (key, value: unknown) => (key === 'identity' ? 'recorded' : value));

for (const [outcome, script] of Object.entries(outcomeScripts)) {
  test(`a recorded cycle that ended ${outcome} replays against this code`, { timeout: 60_000 }, async () => {
    if (process.env.HALE_RECORD_HISTORIES) await record(outcome, script);
    await replay(JSON.parse(await readFile(fileOf(outcome), 'utf8')));
  });
}

test('a recorded cycle whose activities have other names does not replay', async () => {
  const other = (await readFile(fileOf('healed'), 'utf8')).replaceAll('"observeService"', '"observeOther"');
  await expect(replay(JSON.parse(other))).rejects.toThrow('Nondeterminism');
});

test('one copy of protobufjs reads and writes histories as JSON', async () => {
  // Several copies, as npm nests them without a direct dependency, fail with "type must be a Type".
  const json = await readFile(fileOf('healed'), 'utf8');
  const { historyFromJSON } = await import('@temporalio/common/lib/proto-utils.js');
  expect(JSON.parse(historyToJSON(historyFromJSON(JSON.parse(json))))).toEqual(JSON.parse(json));
});
