import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { dataConverterOf } from '../adapters/encryption/data-converter.js';
import { readPayloadKeys } from '../adapters/encryption/keys.js';
import { openDatabase } from '../adapters/postgres/database.js';
import { readHistories, type ArchivedHistory } from '../adapters/postgres/histories.js';

/**
 * `node dist/workers/replay.js (FILE | INCIDENT | --all)`, with the database's URL in HALE_DATABASE_URL. Replays archived
 * histories against this code and prints one JSON object a cycle: `{ cycle, workflowId, why }`, `why` null when it replays.
 */
const dist = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

// A history that diverges is this program's result, not something to log beside it.
Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined), telemetryOptions: { logging: { filter: 'off', forward: {} } } });

const keysFile = process.env['HALE_PAYLOAD_KEYS'];
const keys = keysFile ? readPayloadKeys(keysFile) : undefined;
const options = {
  workflowBundle: { codePath: dist(keys === undefined ? 'workflows.bundle.js' : 'workflows.sealed.bundle.js') },
  dataConverter: dataConverterOf(keys),
};

async function* histories(what: string): AsyncGenerator<ArchivedHistory> {
  if (what !== '--all' && existsSync(what)) return yield* fromFile(what);
  const pool = openDatabase(process.env.HALE_DATABASE_URL ?? '', 2);
  try {
    yield* readHistories(pool, what === '--all' ? undefined : what);
  } finally {
    await pool.end();
  }
}

/** A file is what `hale incidents ID --export` wrote, or one bare history as Temporal's own tools write it. */
async function* fromFile(path: string): AsyncGenerator<ArchivedHistory> {
  const content = JSON.parse(await readFile(path, 'utf8')) as { histories?: ArchivedHistory[] };
  if (content.histories !== undefined) yield* content.histories;
  else yield { cycle: path, workflowId: 'heal/replay/-', history: content };
}

/** What can be replayed; what is no history at all is printed as such, and must not end the replay of the others. */
async function* readable(
  archived: AsyncIterable<ArchivedHistory>,
): AsyncGenerator<{ workflowId: string; history: ReturnType<typeof historyFromJSON> }> {
  for await (const { cycle, workflowId, history } of archived) {
    try {
      yield { workflowId, history: historyFromJSON(history) };
    } catch (error) {
      tell(cycle, workflowId, `this is no history: ${String(error)}`);
    }
  }
}

const tell = (cycle: string, workflowId: string, why: string | null): void =>
  void process.stdout.write(`${JSON.stringify({ cycle, workflowId, why })}\n`);

// A cycle's id is the id of its first run, which its history names.
const results = Worker.runReplayHistories(options, readable(histories(process.argv[2] ?? '--all')));
for await (const { workflowId, runId, error } of results) tell(runId, workflowId, error?.message ?? null);
