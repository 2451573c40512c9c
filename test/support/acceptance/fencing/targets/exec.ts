import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Subject } from '../subject.js';
import type { Act } from '../trial.js';

/** A program that does whatever it is told, and writes down when and under which fence. */
export function execTarget(service: string, folder: string): Subject {
  const at = (name: string): string => join(folder, service, name);
  mkdirSync(join(folder, service));
  writeFileSync(at('ledger'), '');
  writeFileSync(at('mend'), `#!/bin/sh\necho "$(date +%s%N) $HALE_FENCE $HALE_ACTION_ID" >> ${at('ledger')}\n`, { mode: 0o755 });
  writeFileSync(at('mended'), `#!/bin/sh\nexec grep -q " $HALE_ACTION_ID$" ${at('ledger')}\n`, { mode: 0o755 });
  const acts = (): Act[] =>
    readFileSync(at('ledger'), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split(' '))
      .map(([nanoseconds, fence = '']) => ({ at: Number(nanoseconds) / 1e6, fence }));
  let done = -1;
  return {
    service,
    kind: 'exec',
    privilege: 'machine',
    fencedBy: 'self',
    correction: { exec: [at('mend')], verify: [at('mended')], undo: 'nothingToRestore' },
    breakIt: async () => void (done = acts().length),
    isWell: () => acts().length > done,
    acts,
    actLate: async (fence) =>
      void (await promisify(execFile)(at('mend'), { env: { ...process.env, HALE_FENCE: fence, HALE_ACTION_ID: 'late' } })),
  };
}
