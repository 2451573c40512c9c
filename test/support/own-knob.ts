import { access, chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A real command with a state and a ledger of its own. `manner` says how it behaves when it is told to act. */
export interface Knob {
  readonly program: string;
  /** Lines of `action id, fence, service, instance, argument`, one for each act. */
  readonly ledger: () => Promise<string[]>;
  readonly state: () => Promise<string>;
  readonly turn: (value: string) => Promise<void>;
  /** Whether it has begun to act, slowly or without end. */
  readonly busy: () => Promise<boolean>;
  readonly behave: (manner: 'well' | 'badly' | 'silent' | 'hanging' | 'slow' | 'refusing') => Promise<void>;
}

const script = (folder: string): string => `#!/bin/sh
cd ${folder}
manner=$(cat manner)
case $1 in
verify) grep -q "^$HALE_ACTION_ID|" ledger || exit 1; cat state; exit 0;;
esac
case $manner in
hanging) touch busy; sleep 60; exit 0;;
slow) touch busy; sleep 0.7;;
refusing) echo 'not now'; exit 77;;
esac
echo "$HALE_ACTION_ID|$HALE_FENCE|$HALE_SERVICE|$HALE_INSTANCE|$2" >> ledger
printf %s "$2" > state
case $manner in
badly) echo 'it broke' >&2; exit 3;;
silent) kill -9 $$;;
esac
exit 0
`;

/** In an empty folder. */
export async function ownKnob(folder: string): Promise<Knob> {
  const at = (name: string) => join(folder, name);
  const program = at('knob');
  await Promise.all([
    writeFile(program, script(folder)),
    writeFile(at('ledger'), ''),
    writeFile(at('state'), 'off'),
    writeFile(at('manner'), 'well'),
  ]);
  await chmod(program, 0o755);
  return {
    program,
    ledger: async () => (await readFile(at('ledger'), 'utf8')).split('\n').filter((line) => line !== ''),
    state: () => readFile(at('state'), 'utf8'),
    turn: (value) => writeFile(at('state'), value),
    busy: () =>
      access(at('busy')).then(
        () => true,
        () => false,
      ),
    behave: (manner) => writeFile(at('manner'), manner),
  };
}
