import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { isSealedWith } from '../../adapters/encryption/codec.js';
import { readPayloadKeys } from '../../adapters/encryption/keys.js';
import type { Records } from '../../adapters/postgres/read.js';
import { watchShards, watchWorkflowId } from '../../contracts/names.js';
import { Failure } from './exit-codes.js';
import { withHale } from './hale.js';
import { orderOf, type Spoken } from './person.js';
import type { Report } from './report.js';
import { counted, plain } from './text.js';

export interface RetireOptions extends Spoken {
  readonly loseHistories?: boolean;
}

const BEGIN_ANEW_MS = 60_000;
const LOOK_EVERY_MS = 500;
const NAMED_MAX = 5;

/**
 * keys retire: from now on hale starts without this key. Refused while a cycle that is open is sealed with it, and while archived
 * ones are, unless these may be lost. A watch has nothing to lose and never ends: it is ended, and its workers begin it anew.
 */
export const retireKey = (id: string, options: RetireOptions): Promise<Report> =>
  withHale(options, async (hale) => {
    refuseCurrent(id, hale.whereabouts.payloadKeys);
    const client = await hale.temporal();
    const watches = Array.from({ length: watchShards }, (_, shard) => watchWorkflowId(shard));
    const open = await openWith(id, client);
    refuseOpen(
      id,
      open.filter((one) => !watches.includes(one)),
      'it ends by itself, or by `hale abort INCIDENT`',
    );
    const histories = await archivedWith(id, await hale.records());
    if (histories > 0 && options.loseHistories !== true) throw lostBy(id, histories);
    const ended = open.filter((one) => watches.includes(one));
    await begunAnew(client, id, ended);
    refuseOpen(
      id,
      await openWith(id, client),
      'a process still seals with it: start all of them again, with a newer key first in their files',
    );
    const why = await (await hale.switches()).retirePayloadKey(id, histories, orderOf(options));
    if (why !== undefined) throw new Failure('refused', why);
    const lost = histories === 0 ? '' : `; ${counted(histories, 'archived history', 'archived histories')} nobody can read without it`;
    return { data: { payloadKey: id, histories }, text: `key ${id} is retired: hale starts without it${lost}` };
  });

function refuseCurrent(id: string, file: string | undefined): void {
  if (file !== undefined && readPayloadKeys(file).current.id === id)
    throw new Failure('refused', `key ${id} seals now`, `write a new key above it in ${file}, and start every process again`);
}

function refuseOpen(id: string, open: readonly string[], hint: string): void {
  if (open.length === 0) return;
  const named = open.slice(0, NAMED_MAX).map(plain).join(', ');
  throw new Failure('refused', `${counted(open.length, 'open workflow is', 'open workflows are')} sealed with key ${id}: ${named}`, hint);
}

const lostBy = (id: string, histories: number): Failure =>
  new Failure(
    'refused',
    `${counted(histories, 'archived history is', 'archived histories are')} sealed with key ${id}: without it nobody can read or replay them`,
    `keep the key, or let them go for good: hale keys retire ${plain(id)} --lose-histories`,
  );

/** Workflows that run, by what lies of them at Temporal. */
async function openWith(id: string, client: Client): Promise<string[]> {
  const found: string[] = [];
  for await (const { workflowId, runId } of client.workflow.list({ query: 'ExecutionStatus = "Running"' })) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    if (isSealedWith(id, JSON.parse(historyToJSON(history)))) found.push(workflowId);
  }
  return found;
}

async function archivedWith(id: string, records: Records): Promise<number> {
  let count = 0;
  for await (const { history } of records.everyHistory()) if (isSealedWith(id, history)) count += 1;
  return count;
}

/** Each is begun anew by a worker, which seals with its own current key. */
async function begunAnew(client: Client, id: string, watches: readonly string[]): Promise<void> {
  for (const one of watches)
    await client.workflow.getHandle(one).terminate(`payload key ${id} is retired: it begins anew with the current one`);
  const until = Date.now() + BEGIN_ANEW_MS;
  for (const one of watches)
    while ((await client.workflow.getHandle(one).describe()).status.name !== 'RUNNING') {
      if (Date.now() > until)
        throw new Failure('timeout', `no worker began ${one} anew within ${BEGIN_ANEW_MS / 1_000} s`, 'hale up, then ask again');
      await wait(LOOK_EVERY_MS);
    }
}
