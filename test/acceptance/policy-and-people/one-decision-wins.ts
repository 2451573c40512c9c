import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { openSwitches, type SigningKey, type Switches } from '../../../adapters/postgres/controls.js';
import { lookAt, startCycle, tell, type CycleAddress } from '../../../client/cycles.js';
import { signed } from '../../../client/sign.js';
import type { Ask } from '../../../contracts/cycle.js';
import type { Decision } from '../../../contracts/messages.js';
import { healWorkflowId, taskQueues, workflowTypes } from '../../../contracts/names.js';
import { withHale, type RunningHale } from '../../support/acceptance/hale.js';
import type { Measured } from '../../support/acceptance/step.js';
import { attack, attacks, decideAtOnce } from '../../support/deciding.js';

const PEOPLE = 100;
const CONNECTIONS = 10;
const SERVICES = 10;
/** Rounds under way at once, since a round mostly waits. It divides the number of services, so that no two rounds share one. */
const LANES = 5;

export const title = 'one of many decisions wins, and none that is forged, changed, old or early counts';
export const bound = `of ${PEOPLE} people who decide at once 1 is obeyed and the others are told, in every round; 100 of 100 attacks of each kind refused`;

export async function run(full: boolean): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'hale-decisions-'));
  try {
    await Promise.all(services.map((name) => writeFile(join(folder, name), 'good')));
    return await withHale(configuration(folder), (hale) => measure(hale, folder, full ? 500 : 20));
  } finally {
    await rm(folder, { recursive: true });
  }
}

const services = Array.from({ length: SERVICES }, (_, number) => `shop-${number}`);

/** Several services, because the attempts of one incident have an end. */
const configuration = (folder: string): string => `apiVersion: hale/v1
policy: {mode: ask, attempts: 100}
services:
${services
  .map(
    (name) => `  ${name}:
    signals: {up: {exec: [/bin/sh, -c, 'grep -c good ${folder}/${name} || true'], every: 500ms}}
    objectives: {up: {above: 0, for: 0s, hold: 1500ms}}
    corrections: {back: {file: ${folder}/${name}, restore: lastGood, hold: 1500ms, within: 15s, cooldown: 0s}}`,
  )
  .join('\n')}
`;

/** hale, as those see it who decide. */
interface Desk {
  readonly clients: readonly Client[];
  readonly switches: Switches;
  readonly pool: pg.Pool;
  readonly folder: string;
}

async function measure(hale: RunningHale, folder: string, rounds: number): Promise<Measured> {
  const { temporal, database } = await hale.status();
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => Connection.connect({ address: temporal.address })));
  const clients = connections.map((connection) => new Client({ connection, namespace: temporal.namespace }));
  const switches = await openSwitches(database.url);
  const pool = new pg.Pool({ connectionString: database.url, max: 2 });
  const desk: Desk = { clients, switches, pool, folder };
  try {
    await goodIsKnown(desk);
    const failures: string[] = [];
    const lane = async (first: number): Promise<void> => {
      for (let round = first; round < rounds; round += LANES) failures.push(...(await oneWins(desk, round)));
    };
    // Each to its end, before the connections are closed: why one broke off is said last.
    const ended = await Promise.allSettled(Array.from({ length: LANES }, (_, first) => lane(first)));
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
    const refused = await attacksRefused(desk);
    const early = await earlyYes(desk);
    return {
      value: `${rounds - failures.length} of ${rounds} rounds with 1 winner and ${PEOPLE - 1} refusals; refused: ${attacks.map((kind) => `${kind} ${refused[kind]}/100`).join(', ')}; a yes before the question ${early ? 'counted' : 'did not count'}`,
      ok: failures.length === 0 && attacks.every((kind) => refused[kind] === 100) && !early,
      hitEnough: true,
      evidence: failures.join('\n'),
    };
  } finally {
    await Promise.all([...connections.map((connection) => connection.close()), pool.end(), switches.close()]);
  }
}

async function goodIsKnown({ pool }: Desk): Promise<void> {
  await until(async () => (await pool.query('select from known_good')).rowCount === SERVICES || undefined);
}

/**
 * Breaks a service in a new way, so that what is proposed is new, and waits until its cycle asks. A cycle that is about to end
 * refused hears nobody any more, so that the request is repeated.
 */
async function asking(desk: Desk, service: string, mark: string): Promise<{ address: CycleAddress; ask: Ask }> {
  const client = desk.clients[0] as Client;
  await writeFile(join(desk.folder, service), `bad ${mark}`);
  const asked = async () => {
    const open = await openAsk(client, service).catch(() => undefined);
    if (open === undefined) await startCycle(client, { service, by: 'acceptance' });
    return open;
  };
  return until(asked, 500, () => lastWord(desk, service));
}

async function openAsk(client: Client, service: string): Promise<{ address: CycleAddress; ask: Ask } | undefined> {
  const workflowId = healWorkflowId(service);
  const { raw, runId } = await client.workflow.getHandle(workflowId).describe();
  const address = { workflowId, cycle: raw.workflowExecutionInfo?.firstRunId || runId };
  const look = await lookAt(client, address);
  return look.kind === 'runs' && look.state.ask !== undefined ? { address, ask: look.state.ask } : undefined;
}

/** Answers what was wrong with the round, if anything was. The file and the ledger tell, not the answers alone. */
async function oneWins(desk: Desk, round: number): Promise<string[]> {
  const service = services[round % SERVICES] as string;
  const { address, ask } = await asking(desk, service, `round ${round}`);
  const answered = await decideAtOnce(desk.clients, address, ask.proposal, await desk.switches.signingKey(), PEOPLE);
  const { obeyed, tooLate, other } = answered;
  await ended(desk, service, address);
  const { rows } = await desk.pool.query<{ verb: string }>(
    `select body::jsonb->'data'->>'verb' as verb from events where body::jsonb->>'kind' = 'person.said' and key like $1`,
    [`${address.cycle}/%`],
  );
  const restored = (await readFile(join(desk.folder, service), 'utf8')) === 'good';
  const isRight = obeyed === 1 && tooLate === PEOPLE - 1 && rows.length === 1 && restored === (rows[0]?.verb === 'approve');
  if (isRight) return [];
  return [
    `round ${round}: ${obeyed} obeyed, ${tooLate} too late, ${rows.length} on record, restored ${restored}; ${JSON.stringify(other.slice(0, 3))}`,
  ];
}

async function attacksRefused(desk: Desk): Promise<Record<(typeof attacks)[number], number>> {
  const { switches, clients } = desk;
  const client = clients[0] as Client;
  const service = services[0] as string;
  const first = await asking(desk, service, 'to be used');
  const used = yes(first.address, first.ask, await switches.signingKey());
  await tell(client, first.address, 'decide', used, randomUUID());
  await ended(desk, service, first.address);

  const { address, ask } = await asking(desk, service, 'under attack');
  const key = await switches.signingKey();
  const refused = { changed: 0, expired: 0, replayed: 0, forged: 0 };
  for (const kind of attacks) {
    for (let number = 0; number < 100; number += 1) {
      const said = await tell(client, address, 'decide', attack(kind, address, ask.proposal, key, used), randomUUID());
      if (said.kind === 'refused') refused[kind] += 1;
    }
  }
  const still = await openAsk(client, service);
  if (still?.ask.proposal !== ask.proposal) throw new Error('the question did not outlast the attacks');
  await tell(client, address, 'decide', yes(address, ask, await switches.signingKey()), randomUUID());
  await ended(desk, service, address);
  return refused;
}

const yes = (address: CycleAddress, { proposal }: Ask, key: SigningKey): Decision =>
  signed(address, { by: 'ada', decision: 'approve', proposal }, [], key);

/** Whether a yes that came with the start of the cycle was taken for an answer. */
async function earlyYes({ clients: [client], folder }: Desk): Promise<boolean> {
  const service = services[1] as string;
  await writeFile(join(folder, service), 'bad, and approved too early');
  await (client as Client).workflow.signalWithStart(workflowTypes.healingCycle, {
    workflowId: healWorkflowId(service),
    taskQueue: taskQueues.cycles,
    args: [{ service, by: 'acceptance' }],
    signal: 'approve',
    signalArgs: [{ by: 'mallory' }],
  });
  const { ask } = await until(() => openAsk(client as Client, service));
  await wait(2_000);
  const still = await openAsk(client as Client, service);
  return still?.ask.proposal !== ask.proposal;
}

/** Asked of the server and not of the cycle, which has enough to do with those who decide. */
async function ended(desk: Desk, service: string, { workflowId, cycle }: CycleAddress): Promise<void> {
  const { workflow } = desk.clients[0] as Client;
  const hasEnded = async () => (await workflow.getHandle(workflowId, cycle).describe()).status.name !== 'RUNNING' || undefined;
  await until(hasEnded, 100, () => lastWord(desk, service));
}

async function until<T>(found: () => Promise<T | undefined>, everyMs = 50, why?: () => Promise<string>): Promise<T> {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const value = await found().catch(() => undefined);
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`waited for two minutes in vain${why === undefined ? '' : `: ${await why()}`}`);
    await wait(everyMs);
  }
}

/** What hale says of the last cycle of a service. */
async function lastWord({ pool }: Desk, service: string): Promise<string> {
  const { rows } = await pool.query<{ outcome: string | null; sentence: string | null }>(
    `select c.outcome, c.sentence from cycles c join incidents i on i.id = c.incident
      where i.service = $1 order by c.started_at desc limit 1`,
    [service],
  );
  return `${service} is ${rows[0]?.outcome ?? 'at work'}: ${rows[0]?.sentence ?? 'no sentence yet'}`;
}
