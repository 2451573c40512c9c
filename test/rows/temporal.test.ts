// Rows 17 to 26: what people and scripts hand to a cycle by Temporal, against a real server.
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, inject, onTestFinished } from 'vitest';
import { tell, type CycleAddress } from '../../client/cycles.js';
import type { CycleActivities } from '../../contracts/activities.js';
import type { CycleState } from '../../contracts/cycle.js';
import type { Decision, Word } from '../../contracts/messages.js';
import { ensureSearchAttributes } from '../../workers/search-attributes.js';
import { haleWith, inPhase, type Handle } from '../support/hale.js';
import { brief, opened, scriptedWorld } from '../support/scripted-world.js';
import { slowTarget } from '../support/slow-target.js';
import { devServer, servedBy } from '../support/temporal.js';
import { row, type Guard } from './table.js';

/** The server's own limit, made small, since ten thousand signals take long. */
const signalsMax = 40;

let env: TestWorkflowEnvironment;
beforeAll(async () => void (env = await devServer(undefined, `history.maximumSignalsPerExecution=${signalsMax}`)), 60_000);
afterAll(() => env.teardown());

const desk = 'workflows/desk.ts';
const invalid: Guard = ['workflows/read.ts', 'throw invalidInput(heard.sentence)'];
const THE_SERVER: Guard = 'the Temporal server';

/** Workers that serve a queue of their own until the test ends, or until they are told to. */
function workersFor(activities: CycleActivities, taskQueue: string): () => Promise<void> {
  let end = (): void => undefined;
  const over = new Promise<void>((resolve) => (end = resolve));
  const serving = servedBy(env, taskQueue, activities, () => over);
  const stop = async (): Promise<void> => {
    end();
    await serving;
  };
  onTestFinished(stop);
  return stop;
}

interface Payload {
  readonly json?: string;
  readonly encoding?: string;
}

/** Starts a cycle by the bytes that a page or a script sends. How it ended, and how many of its tasks failed. */
const started = async (): Promise<(payloads: readonly Payload[]) => Promise<string>> => {
  const taskQueue = randomUUID();
  workersFor(scriptedWorld({ observeService: async () => ({ kind: 'clear', evidence: 'up is 1' }) }).activities, taskQueue);
  return async (payloads) => {
    const workflowId = `heal/shop/${randomUUID()}`;
    const input = payloads.map(({ json = '', encoding = 'json/plain' }) => ({
      metadata: { encoding: Buffer.from(encoding) },
      data: Buffer.from(json),
    }));
    await env.client.workflowService.startWorkflowExecution({
      namespace: 'default',
      workflowId,
      requestId: workflowId,
      workflowType: { name: 'healingCycle' },
      taskQueue: { name: taskQueue },
      ...(payloads.length === 0 ? {} : { input: { payloads: input } }),
    });
    const handle = env.client.workflow.getHandle(workflowId);
    const said = await handle.result().then(({ outcome }: { outcome: string }) => outcome, saidBy);
    return `${said} (${await failedTasks(handle)} failed tasks)`;
  };
};

const saidBy = (error: unknown): string => {
  const cause = error instanceof WorkflowFailedError ? error.cause : error;
  return `${(cause as { type?: string }).type ?? (cause as Error).name}: ${(cause as Error).message}`;
};

async function failedTasks(handle: WorkflowHandle): Promise<number> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).filter((event) => event.workflowTaskFailedEventAttributes != null).length;
}

const refusedOrder = /^InvalidInput: .*for example \{"service":"shop".* \(0 failed tasks\)$/;

row(17, 'Temporal', 'a start with a wrong input fails as InvalidInput, at once and with an example', started, [
  [[], refusedOrder, invalid],
  [[{ json: 'null' }], refusedOrder, invalid],
  [[{ json: '""' }], refusedOrder, invalid],
  [[{ json: '[]' }], refusedOrder, invalid],
  [[{ json: '{"service":7}' }], refusedOrder, invalid],
  [[{ json: '[{"service":"shop"}]' }], refusedOrder, invalid],
  [[{ json: '{"service":"shop"}' }, { json: '"twice"' }], refusedOrder, ['workflows/read.ts', 'if (more.length > 0) throw invalidInput']],
  [[{ json: '{"service":"shop"}', encoding: 'json/protobuf' }], refusedOrder, ['workflows/read.ts', 'encoding: got json/protobuf']],
]);

interface Start {
  readonly workflowId: string;
  readonly service?: string;
  readonly reason?: string;
}

const yaml = `apiVersion: hale/v1
services:
  shop:
    signals: {up: {exec: [/bin/echo, '0'], every: 1s}}
    objectives: {up: {below: 1, for: 0s}}
`;

/** Starts under an id while workers run, over real parts; what came of it, however it was refused. */
const startedAs = async (): Promise<(start: Start) => Promise<string>> => {
  const hale = await haleWith(env, yaml);
  return ({ workflowId, service = 'shop', reason }) =>
    hale.working(async () => {
      const start = { taskQueue: hale.taskQueue, workflowId, args: [{ service, by: 'ada', ...(reason === undefined ? {} : { reason }) }] };
      const running = env.client.workflow.execute('healingCycle', start) as Promise<{ outcome: string }>;
      return running.then(
        ({ outcome }) => outcome,
        (error: unknown) => `${saidBy(error)} ${error instanceof Error && error.cause instanceof Error ? error.cause.message : ''}`,
      );
    });
};

/** The same id twice: once while the first one runs, for nobody serves its queue; and once after it was ended. */
const startedTwice = async (): Promise<(when: 'running' | 'closed') => Promise<string>> => {
  const workflowId = `heal/shop/${randomUUID()}`;
  const start = () => env.client.workflow.start('healingCycle', { taskQueue: randomUUID(), workflowId, args: [{ service: 'shop' }] });
  const first = await start();
  onTestFinished(
    async () =>
      void (await env.client.workflow
        .getHandle(workflowId)
        .terminate()
        .catch(() => undefined)),
  );
  return async (when) => {
    if (when === 'closed') await first.terminate();
    return start().then(
      () => 'another run',
      (error: Error) => error.name,
    );
  };
};

const mutex: Guard = ['contracts/names.ts', 'export const healWorkflowId'];

row(18, 'Temporal', 'a second start under the id of a cycle is refused while it runs, and another run once it is over', startedTwice, [
  ['running', /^WorkflowExecutionAlreadyStartedError$/, mutex],
  ['closed', /^another run$/, mutex],
]);

const ownId: Guard = ['activities/open-incident.ts', 'workflow id: got ${workflowId}, allowed: ${only}'];

row(19, 'Temporal', 'a start that is too large, or under an id that is not its service’s, is refused', startedAs, [
  [{ workflowId: 'heal/shop/-', reason: 'x'.repeat(3_000_000) }, /data size exceeds limit/, THE_SERVER],
  [
    { workflowId: 'heal/shop/-', reason: 'x'.repeat(1_000_000) },
    /^InvalidInput: reason: /,
    ['contracts/schemas.ts', 'const reason = z.string().max(2000)'],
  ],
  [{ workflowId: 'x'.repeat(1_001) }, /exceeds maximum allowed length/, THE_SERVER],
  [{ workflowId: 'heal/a b/../shop' }, /^InvalidInput: workflow id: got heal\/a b\/\.\.\/shop, allowed: heal\/shop\/-/, ownId],
]);

interface Asking {
  readonly handle: WorkflowHandle;
  readonly address: CycleAddress;
  readonly state: () => Promise<CycleState>;
  /** Ends the workers, and starts others after `work`. */
  readonly whileAway: (work: () => Promise<void>) => Promise<void>;
  readonly calls: string[];
}

const limits = { attemptsMax: 5, escalateAfterMs: 300_000, approvalExpiryMs: 60_000, pauseMsMax: 60_000 };

/** A cycle that runs, with one correction that is asked. */
async function asking(approvers?: readonly string[], more: Partial<typeof limits> = {}): Promise<Asking> {
  const approvals = { people: 1, unverified: 'accept' as const, ...(approvers && { approvers }) };
  const correction = brief('restart', { mode: 'ask', approvals, holdMs: 200 });
  const world = scriptedWorld({ openIncident: async () => opened([correction], { limits: { ...limits, ...more } }) });
  const taskQueue = randomUUID();
  let stop = workersFor(world.activities, taskQueue);
  const start = { taskQueue, workflowId: `heal/shop/${taskQueue}`, args: [{ service: 'shop', by: 'watch' }], workflowTaskTimeout: '2s' };
  const handle = await env.client.workflow.start('healingCycle', start);
  onTestFinished(async () => void (await handle.terminate().catch(() => undefined)));
  const state = () => handle.query<CycleState>('state');
  while ((await state()).phase !== 'approve');
  const address = { workflowId: handle.workflowId, cycle: handle.firstExecutionRunId };
  const whileAway = async (work: () => Promise<void>) => {
    await stop();
    await work();
    stop = workersFor(world.activities, taskQueue);
  };
  return { handle, address, state, whileAway, calls: world.calls };
}

type Signals = { readonly name: string; readonly words: readonly unknown[] };

/** Signals to a running cycle; what it shows of them, and whether it still asks. */
const signalled = async (): Promise<(signals: Signals) => Promise<string>> => {
  const { handle, state } = await asking();
  return async ({ name, words }) => {
    let refused = 'all taken';
    for (const word of words)
      await handle.signal(name, word).catch(({ message, cause }: Error) => (refused = `${message} ${String(cause)}`));
    const { phase, refusals } = await state();
    return `${refused}; ${phase}; ${refusals.length} refusals, last: ${refusals.at(-1) ?? 'none'}`;
  };
};

row(20, 'Temporal', 'signals that nobody knows, or that are no words, or too many, change nothing', signalled, [
  [{ name: 'selfDestruct', words: [{ by: 'ada' }] }, /^all taken; approve; 0 refusals/, [desk, 'setHandler(messages.reportSignal']],
  [
    { name: 'abort', words: ['abort'] },
    /^all taken; approve; 1 refusals, last: abort refused: .*for example/,
    [desk, 'desk.refuse(`${verb} refused: ${word.sentence}`)'],
  ],
  [
    { name: 'approve', words: Array(signalsMax + 5).fill({ by: 'ada', proposal: 'beefbeef' }) },
    /exceed.*limit.*; approve; 20 refusals/,
    [desk, 'if (this.refusals.length > 20) this.refusals.shift()'],
  ],
]);

/** Signals before the first task of a cycle, and after its end. */
const early = async (): Promise<(when: 'before' | 'after') => Promise<string>> => {
  const taskQueue = randomUUID();
  const handle = await env.client.workflow.start('healingCycle', {
    taskQueue,
    workflowId: `heal/shop/${taskQueue}`,
    args: [{ service: 'shop', by: 'watch' }],
  });
  return async (when) => {
    if (when === 'before') {
      await handle.signal('abort', { by: 'ada' });
      workersFor(scriptedWorld().activities, taskQueue);
    }
    const { outcome } = (await handle.result()) as { outcome: string };
    if (when === 'before') return outcome;
    return handle.signal('abort', { by: 'ada' }).then(
      () => 'taken',
      (error: Error) => error.name,
    );
  };
};

row(20, 'Temporal', 'a signal before the first task is obeyed, and one after the end finds nobody', early, [
  ['before', /^aborted$/, [desk, 'setHandler(signal, (raw) => void obey(raw)']],
  ['after', /^WorkflowNotFoundError$/, ['client/cycles.ts', "if (error instanceof WorkflowNotFoundError) return { kind: 'ended' };"]],
]);

type Yes = 'twice' | 'other proposal' | 'expired' | 'both at once';

/** Decisions on one question; each answer, and how the cycle went on. */
const decided = async (): Promise<(how: Yes) => Promise<string>> => async (how) => {
  const one = await asking(undefined, how === 'expired' ? { approvalExpiryMs: 700 } : {});
  const { ask } = await one.state();
  const say = async (decision: Decision): Promise<string> => {
    const said = await tell(env.client, one.address, 'decide', decision, randomUUID());
    return `${said.kind} ${'sentence' in said ? said.sentence : ''}`.trim();
  };
  const yes: Decision = { by: 'ada', decision: 'approve', proposal: ask?.proposal ?? '' };
  if (how === 'other proposal') return `${await say({ ...yes, proposal: 'beefbeef' })}; ${(await one.state()).phase}`;
  if (how === 'expired') {
    const { outcome } = (await one.handle.result()) as { outcome: string };
    return `${await say(yes)}; ${outcome}`;
  }
  if (how === 'twice') {
    const answers = await Promise.all([say(yes), say({ ...yes, by: 'bob' })]);
    return `${answers.toSorted((a, b) => (a < b ? -1 : 1)).join('; ')}; ${one.calls.filter((call) => call === 'applyCorrection').length} acts at most`;
  }
  await one.whileAway(async () => {
    await one.handle.signal('reject', { by: 'ada' });
    await one.handle.signal('approve', { by: 'bob', proposal: ask?.proposal });
  });
  const { outcome } = (await one.handle.result()) as { outcome: string };
  return `${outcome}; ${one.calls.filter((call) => call === 'applyCorrection').length} acts`;
};

row<Yes>(21, 'Temporal', 'of many decisions one counts, for this proposal and while it is open', decided, [
  [
    'twice',
    /^obeyed approved.*; (refused .*(already decided|nothing is being asked)|ended).*; [01] acts at most$/,
    [desk, 'if (this.#answer) return `already decided'],
  ],
  ['other proposal', /^refused .*the proposal is .*, not beefbeef: look again; approve$/, [desk, 'not ${spoken.proposal}: look again']],
  ['expired', /^ended; escalated$/, ['client/cycles.ts', "if (error instanceof WorkflowNotFoundError) return { kind: 'ended' };"]],
  ['both at once', /^refused; 0 acts$/, [desk, 'if (this.#answer) return `already decided']],
]);

/** A decision of somebody; the answer, and what the cycle shows of it. */
const decidedBy = async (): Promise<(decision: Partial<Decision>) => Promise<string>> => {
  const one = await asking(['ada', 'bob']);
  const { ask } = await one.state();
  return async (decision) => {
    const word = { by: 'ada', decision: 'approve' as const, proposal: ask?.proposal ?? '', ...decision };
    const said = await tell(env.client, one.address, 'decide', word, randomUUID());
    const { phase } = await one.state();
    return `${said.kind} ${'sentence' in said ? said.sentence : ''}; ${phase}`;
  };
};

row<Partial<Decision>>(
  22,
  'Temporal',
  'a decision of somebody who may not decide, without a name, or with a book for a reason is refused',
  decidedBy,
  [
    [
      { by: 'mallory' },
      /^refused .*mallory is not among those who may decide: ada, bob; approve$/,
      ['domain/approval.ts', 'is not among those who may decide'],
    ],
    [{ by: ' ' }, /^refused .*by: .*for example.*; approve$/, ['contracts/schemas.ts', 'const name = z.string().trim().min(1)']],
    [{ reason: 'x'.repeat(1_000_000) }, /^refused .*reason: .*; approve$/, ['contracts/schemas.ts', 'const reason = z.string().max(2000)']],
  ],
);

type Pauses = readonly (readonly ['pause' | 'resume', Word])[];

/** Words one after the other to a cycle whose pause ends by itself after 300 ms; each answer, and how it stands in the end. */
const paused = async (): Promise<(words: Pauses) => Promise<string>> => async (words) => {
  const one = await asking(undefined, { pauseMsMax: 300 });
  const answers: string[] = [];
  for (const [verb, word] of words) {
    const said = await tell(env.client, one.address, verb, word, randomUUID());
    answers.push('sentence' in said ? said.sentence : said.kind);
  }
  const { ask } = await one.state();
  await tell(env.client, one.address, 'decide', { by: 'ada', decision: 'approve', proposal: ask?.proposal ?? '' }, randomUUID());
  const { outcome } = (await one.handle.result()) as { outcome: string };
  return `${answers.join('; ')}; ${outcome}`;
};

row<Pauses>(23, 'Temporal', 'a pause is idempotent, ends by itself, and what is not paused is not resumed', paused, [
  [
    [
      ['pause', { by: 'ada' }],
      ['pause', { by: 'ada' }],
    ],
    /^paused: .*; paused: .*; healed$/,
    [desk, "case 'pause':"],
  ],
  [[['resume', { by: 'ada' }]], /the cycle is not paused; healed$/, [desk, 'the cycle is not paused']],
  [
    [['pause', { by: 'ada', until: Date.now() + 100 * 365 * 86_400_000 }]],
    /^paused: .*; healed$/,
    [desk, 'const left = Math.min(pauseMsMax, (this.paused.until ?? Infinity) - Date.now());'],
  ],
]);

/** Ends a cycle in its hold window from outside; how it ended, and what was asked of the world. */
const ended = async (): Promise<(how: 'cancel' | 'terminate') => Promise<string>> => async (how) => {
  const world = scriptedWorld();
  const taskQueue = randomUUID();
  workersFor(world.activities, taskQueue);
  const start = { taskQueue, workflowId: `heal/shop/${taskQueue}`, args: [{ service: 'shop', by: 'watch' }] };
  const handle = await env.client.workflow.start('healingCycle', start);
  while ((await handle.query<CycleState>('state')).phase !== 'validate');
  if (how === 'cancel') await handle.cancel();
  else await handle.terminate();
  const said = await handle.result().then(({ outcome }: { outcome: string }) => outcome, saidBy);
  return `${said}; ${world.calls.filter((call) => call.endsWith('Correction')).join(', ')}`;
};

row(24, 'Temporal', 'a cancelled cycle undoes, and a terminated one leaves what it did to the next', ended, [
  [
    'cancel',
    /^aborted; prepareCorrection, applyCorrection, undoCorrection$/,
    ['workflows/healing-cycle.ts', "desk.obey({ verb: 'abort', by: 'temporal cancel' })"],
  ],
  [
    'terminate',
    /^TerminatedFailure: .*; prepareCorrection, applyCorrection$/,
    ['activities/open-incident.ts', 'ports.leases.inherit(service.name'],
  ],
]);

const neverWell = (url: string): string => `apiVersion: hale/v1
services:
  shop:
    signals: {up: {http: '${url}/health', every: 100ms, timeout: 90ms}}
    objectives: {up: {above: 0, for: 0s, hold: 1s}}
    corrections: {poke: {http: '${url}/poke', repeatable: true, undo: nothingToRestore, mode: act, hold: 1s, within: 30s, cooldown: 0s}}
`;

/** A cycle that waits for what its action brings about is reset to its beginning; how often the target was asked to act. */
const reset = async (): Promise<(phase: 'validate') => Promise<string>> => {
  const target = await slowTarget(0);
  const hale = await haleWith(env, neverWell(target.url));
  return (phase) =>
    hale.working(async () => {
      const handle = await hale.start('shop');
      await inPhase(handle, phase);
      const { events } = await handle.fetchHistory();
      const first = events?.find((event) => event.workflowTaskCompletedEventAttributes != null)?.eventId;
      const { runId } = await env.client.workflowService.resetWorkflowExecution({
        namespace: 'default',
        workflowExecution: { workflowId: handle.workflowId },
        workflowTaskFinishEventId: first ?? null,
        requestId: randomUUID(),
        reason: 'test',
      });
      const again: Handle = env.client.workflow.getHandle(handle.workflowId, runId);
      await inPhase(again, phase);
      await again.terminate();
      return `${again.workflowId === handle.workflowId ? 'the same cycle' : 'another'}, asked ${target.asked.length} times`;
    });
};

row(24, 'Temporal', 'a cycle that is reset does nothing twice', reset, [
  [
    'validate',
    /^the same cycle, asked 1 times$/,
    ['activities/apply-correction.ts', "return { kind: 'applied', at: Date.now(), after: effect.after?.summary"],
  ],
]);

/** A query with this name and argument; the answer, and whether the cycle stands as before. */
const queried = async (): Promise<(query: readonly [name: string, argument: unknown]) => Promise<string>> => {
  const { handle, state } = await asking();
  const before = JSON.stringify(await state());
  return async ([name, argument]) => {
    const answer = await handle.query<unknown, unknown[]>(name, argument).then(
      (value) => JSON.stringify(value).slice(0, 40),
      (error: Error) => `${error.name}: ${error.message}`,
    );
    return `${answer}; ${JSON.stringify(await state()) === before ? 'unchanged' : 'changed'}`;
  };
};

const query: Guard = [desk, 'setHandler(messages.stateQuery, state'];

row<readonly [string, unknown]>(25, 'Temporal', 'a query changes nothing, whatever it is given', queried, [
  [['state', 'x'.repeat(1_000_000)], /^\{"service":"shop".*; unchanged$/, query],
  [['state', { nested: [null, { a: 1 }] }], /^\{"service":"shop".*; unchanged$/, query],
  [['secrets', null], /^QueryNotRegisteredError: .*; unchanged$/, query],
]);

/** A recorded cycle whose history has other words in it than this code. */
const replayed =
  async (): Promise<(change: readonly [from: string, to: string]) => Promise<string>> =>
  async ([from, to]) => {
    const payloadConverterPath = new URL('../../dist/contracts/payload-converter.js', import.meta.url).pathname;
    const text = (await readFile(new URL('../histories/healed.json', import.meta.url), 'utf8')).replaceAll(from, to);
    const options = { workflowBundle: { codePath: inject('codePath') }, dataConverter: { payloadConverterPath } };
    return Worker.runReplayHistory(options, JSON.parse(text)).then(
      () => 'replays',
      (error: Error) => `${error.name}: ${error.message}`,
    );
  };

const recorded: Guard = ['workflows/activities.ts', 'export const linger = proxyActivities'];

row<readonly [string, string]>(26, 'Temporal', 'a history that another version wrote is no history of this one', replayed, [
  [['"observeService"', '"observeService"'], /^replays$/, recorded],
  [['"observeService"', '"observeLater"'], /^DeterminismViolationError: .*Nondeterminism/, recorded],
]);

/** A server with these search attributes already. */
const attributesOf = async (): Promise<(others: number) => Promise<string>> => async (others) => {
  const flags = Array.from({ length: others }, (_, index) => ['--search-attribute', `Other${index}=Keyword`]).flat();
  const server = { executable: { type: 'existing-path' as const, path: inject('temporalCli') }, extraArgs: flags };
  const fresh = await TestWorkflowEnvironment.createLocal({ server });
  onTestFinished(() => fresh.teardown());
  const check = await ensureSearchAttributes(fresh.connection.operatorService, 'default');
  return 'command' in check ? `${check.kind}: ${check.command}` : check.kind;
};

row(26, 'Temporal', 'where the server has no room for the search attributes the start is refused with the command', attributesOf, [
  [
    8,
    /^missing: temporal operator search-attribute create --namespace default --name HaleService/,
    ['workers/search-attributes.ts', 'temporal operator search-attribute create'],
  ],
]);
