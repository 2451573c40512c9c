import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Replayed } from '../../contracts/cli.js';
import { entryPath } from './entry.js';
import { Failure } from './exit-codes.js';
import { withHale } from './hale.js';
import { incidentOf } from './lookup.js';
import type { Report } from './report.js';
import { counted, plain } from './text.js';
import { databaseOf, type Where } from './whereabouts.js';

const OUTPUT_BYTES_MAX = 256 * 1024 * 1024;

/** replay: archived cycles against the code of this version. A cycle that diverges would have broken on an upgrade. */
export async function replay(what: string | undefined, options: Where & { readonly all?: boolean }): Promise<Report> {
  if ((what === undefined) === (options.all !== true)) {
    throw new Failure('usage', 'say what to replay: an incident, a file, or --all', 'for example: hale replay inc-7');
  }
  const file = what !== undefined && existsSync(what);
  if (file) await jsonFile(what);
  const cycles = await replayed(what ?? '--all', file ? process.env : await environmentFor(what, options));
  if (cycles.length === 0) throw new Failure('notFound', 'nothing to replay: no cycle has an archived history yet');
  const diverged = cycles.filter(({ why }) => why !== null);
  const lines = diverged.map(({ workflowId, cycle, why }) => `diverges: ${plain(workflowId)} ${cycle}: ${plain(sentenceOf(why ?? ''))}`);
  const text = [...lines, `${cycles.length - diverged.length} of ${counted(cycles.length, 'cycle replays', 'cycles replay')}`].join('\n');
  return { data: { cycles }, text, ...(diverged.length > 0 ? { exit: 'bug' as const } : {}) };
}

async function jsonFile(path: string): Promise<void> {
  try {
    JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new Failure('usage', `${path} can't be read as JSON: ${String(error)}`, 'hale incidents ID --export FILE writes such files');
  }
}

/** Where the histories are, and what opens them; an incident that is not there is said before anything starts. */
const environmentFor = (incident: string | undefined, options: Where): Promise<NodeJS.ProcessEnv> =>
  withHale(options, async (hale) => {
    if (incident !== undefined) await incidentOf(hale, incident);
    const { payloadKeys = '' } = hale.whereabouts;
    return { ...process.env, HALE_DATABASE_URL: databaseOf(hale.whereabouts), HALE_PAYLOAD_KEYS: payloadKeys };
  });

async function replayed(what: string, env: NodeJS.ProcessEnv): Promise<Replayed['cycles']> {
  const printed = await new Promise<string>((resolve, reject) => {
    const options = { env, maxBuffer: OUTPUT_BYTES_MAX };
    execFile(process.execPath, [entryPath('workers/replay.js'), what], options, (error, stdout, stderr) =>
      error ? reject(new Error(`the replay itself failed: ${stderr || error.message}`)) : resolve(stdout),
    );
  });
  return printed
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Replayed['cycles'][number]);
}

/** The SDK wraps its sentence into a dump of the whole failure. */
const sentenceOf = (why: string): string => /\[TMPRL\d+\][^"\\]*(?:\\'[^"\\]*)*/.exec(why)?.[0] ?? why;
