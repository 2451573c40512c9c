import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from '@temporalio/worker';
import { openDatabase } from '../adapters/postgres/database.js';
import { readHistories, type ArchivedHistory } from '../adapters/postgres/histories.js';

/**
 * `node dist/workers/replay.js (FILE | INCIDENT | --all)`, with the database's URL in HALE_DATABASE_URL. Replays archived
 * histories against this code and prints one JSON object a cycle. Exit 1 when one diverges, 3 when there is none.
 */
const dist = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

const options = {
  workflowBundle: { codePath: dist('workflows.bundle.js') },
  dataConverter: { payloadConverterPath: dist('contracts/payload-converter.js') },
};

/** undefined when the cycle replays; else why not. */
async function divergence({ workflowId, history }: ArchivedHistory): Promise<string | undefined> {
  try {
    await Worker.runReplayHistory(options, history, workflowId);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

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
  const content = JSON.parse(await readFile(path, 'utf8')) as { histories?: ArchivedHistory[]; events?: unknown };
  if (content.histories !== undefined) yield* content.histories;
  else yield { cycle: path, workflowId: 'heal/replay/-', history: content };
}

let [replayed, diverged] = [0, 0];
for await (const archived of histories(process.argv[2] ?? '--all')) {
  const why = await divergence(archived);
  replayed += 1;
  if (why !== undefined) diverged += 1;
  process.stdout.write(
    `${JSON.stringify({ cycle: archived.cycle, workflowId: archived.workflowId, replays: why === undefined, why: why ?? null })}\n`,
  );
}
process.exitCode = replayed === 0 ? 3 : diverged > 0 ? 1 : 0;
