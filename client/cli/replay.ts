import { existsSync } from 'node:fs';
import { runEntry } from './entry.js';
import { Failure } from './exit-codes.js';
import { withHale } from './hale.js';
import { incidentOf } from './lookup.js';
import { databaseOf, type Where } from './whereabouts.js';

/** replay: archived cycles against this version's code; answers the exit code of the program that does it. */
export async function replay(what: string | undefined, options: Where & { readonly all?: boolean }): Promise<number> {
  if ((what === undefined) === (options.all !== true)) {
    throw new Failure('usage', 'say what to replay: an incident, a file, or --all', 'for example: hale replay inc-7');
  }
  if (what !== undefined && existsSync(what)) return runEntry('workers/replay.js', [what]);
  const database = await withHale(options, async (hale) => {
    if (what !== undefined) await incidentOf(hale, what);
    return databaseOf(hale.whereabouts);
  });
  const code = await runEntry('workers/replay.js', [what ?? '--all'], { ...process.env, HALE_DATABASE_URL: database });
  if (code === 3) throw new Failure('notFound', 'nothing to replay: no cycle has an archived history yet');
  return code;
}
