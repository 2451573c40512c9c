import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { command } from '../../support/acceptance/command.js';
import { withHale, type RunningHale } from '../../support/acceptance/hale.js';
import { malformedInputs, type Malformed } from '../../support/acceptance/malformed.js';
import type { Measured } from '../../support/acceptance/step.js';

const secondsMax = 5;

export const title = 'malformed starts, signals and updates harm nothing';
export const bound = `60 of them: 0 failed workflow tasks, task attempt at most 1, and a good pause is obeyed within ${secondsMax} s`;

/** Nothing listens there: the cycle asks a person, and stays open to be spoken to. */
const configuration = `apiVersion: hale/v1
services:
  shop:
    signals:
      up: {http: 'http://127.0.0.1:9/health', every: 1s, timeout: 500ms}
    objectives:
      up: {above: 0, for: 0s}
    corrections:
      restart: {exec: [/bin/true], repeatable: true, undo: nothingToRestore, mode: ask}
`;
const OPEN = 'heal/shop/-';
const signals = ['report', 'pause', 'resume', 'approve', 'reject', 'abort', 'takeOver'];
const updates = ['decide', 'pause', 'resume', 'abort', 'takeOver'];

type Temporal = (...args: readonly string[]) => Promise<string>;

export const run = (_: boolean, seed: number): Promise<Measured> => withHale(configuration, (hale) => speak(hale, seed));

async function speak(hale: RunningHale, seed: number): Promise<Measured> {
  const temporal = await cli(hale);
  await until(async () => (await stateOf(temporal)).includes('"phase":"approve"'));
  const inputs = malformedInputs(seed);
  const starts = await Promise.all(inputs.map((input, index) => start(temporal, input, index)));
  for (const [index, input] of inputs.entries())
    await tell(temporal, ['workflow', 'signal', '--name', pick(signals, index)], harmless(input, pick(signals, index)));
  for (const [index, input] of inputs.entries()) {
    await tell(temporal, ['workflow', 'update', 'execute', '--name', pick(updates, index)], harmless(input, pick(updates, index))).catch(
      () => undefined,
    );
  }
  const failed = [OPEN, ...starts].map((id) => taskFailures(temporal, id));
  const failures = (await Promise.all(failed)).flat();
  const attempt = await pendingAttempt(temporal);
  const seconds = await pauseSeconds(temporal);
  const typed = (await Promise.all(starts.map((id) => endedInvalid(temporal, id)))).filter(Boolean).length;
  return {
    value: `${inputs.length * 3} sent, ${failures.length} task failures, attempt ${attempt}, ${typed} of ${starts.length} starts failed as InvalidInput, pause obeyed in ${seconds.toFixed(1)} s`,
    ok: failures.length === 0 && attempt <= 1 && typed === starts.length && seconds <= secondsMax,
    hitEnough: inputs.length * 3 >= 60,
    evidence: failures.join('\n'),
  };
}

/** A word that is well formed for its verb would be obeyed: those are made bad here, so that the cycle stays open. */
function harmless(input: Malformed, verb: string): Malformed {
  return (input.input === undefined || input.input === 'null') && verb !== 'report' ? { input: '{"by":""}' } : input;
}

const pick = <T>(list: readonly T[], index: number): T => list[index % list.length] as T;

async function cli(hale: RunningHale): Promise<Temporal> {
  const { temporalCli } = JSON.parse(await readFile('.hale/tools.json', 'utf8')) as { temporalCli: string };
  const { address, namespace } = (await hale.status()).temporal;
  return async (...args) => {
    const { code, output } = await command(
      temporalCli,
      [...args, '--address', address, '--namespace', namespace, '-o', 'json'],
      process.cwd(),
    );
    if (code !== 0) throw new Error(output);
    return output;
  };
}

const inputArgs = ({ input, encoding }: Malformed): string[] => [
  ...(input === undefined ? [] : ['--input', input]),
  ...(encoding === undefined ? [] : ['--input-meta', `encoding=${encoding}`]),
];

async function start(temporal: Temporal, input: Malformed, index: number): Promise<string> {
  const id = `malformed-${index}`;
  await temporal('workflow', 'start', '--type', 'healingCycle', '--task-queue', 'hale-cycles', '--workflow-id', id, ...inputArgs(input));
  return id;
}

const tell = (temporal: Temporal, verb: readonly string[], input: Malformed): Promise<string> =>
  temporal(...verb, '--workflow-id', OPEN, ...inputArgs(input));

async function taskFailures(temporal: Temporal, id: string): Promise<string[]> {
  const { events } = JSON.parse(await temporal('workflow', 'show', '--workflow-id', id)) as {
    events: { eventType: string; workflowTaskFailedEventAttributes?: { cause?: string } }[];
  };
  return events
    .filter(({ eventType }) => eventType === 'EVENT_TYPE_WORKFLOW_TASK_FAILED')
    .map(({ workflowTaskFailedEventAttributes: task }) => task?.cause ?? 'unknown')
    .filter((cause) => !cause.includes('UNHANDLED_COMMAND'))
    .map((cause) => `${id}: ${cause}`);
}

async function pendingAttempt(temporal: Temporal): Promise<number> {
  const described = JSON.parse(await temporal('workflow', 'describe', '--workflow-id', OPEN)) as {
    pendingWorkflowTask?: { attempt?: number };
  };
  return described.pendingWorkflowTask?.attempt ?? 0;
}

async function endedInvalid(temporal: Temporal, id: string): Promise<boolean> {
  await until(async () => !(await temporal('workflow', 'describe', '--workflow-id', id)).includes('STATUS_RUNNING'));
  return (await temporal('workflow', 'show', '--workflow-id', id)).includes('InvalidInput');
}

async function pauseSeconds(temporal: Temporal): Promise<number> {
  const began = performance.now();
  await tell(temporal, ['workflow', 'signal', '--name', 'pause'], { input: '{"by":"ada"}' });
  await until(async () => (await stateOf(temporal)).includes('"paused":{"by":"ada"'));
  return (performance.now() - began) / 1_000;
}

/** The cycle's own word, without the blanks that the CLI adds; empty while it can't be asked. */
const stateOf = async (temporal: Temporal): Promise<string> =>
  (await temporal('workflow', 'query', '--workflow-id', OPEN, '--type', 'state').catch(() => '')).replaceAll(/\s/g, '');

async function until(holds: () => Promise<boolean>): Promise<void> {
  const limit = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > limit) throw new Error('waited for 60 s in vain');
    await wait(100);
  }
}
