import type { RightState } from '../../domain/right.js';
import { commands } from './commands.js';

/** How an administrator is told what is run. */
export const programLine = (argv: readonly string[]): string => `run ${argv.join(' ')}`;

/** Whether programs are there and may be run by this account. What they do then is theirs. */
export const rightsToRun = (argvs: readonly (readonly string[] | undefined)[]): RightState[] =>
  argvs.flatMap((argv): RightState[] => {
    if (argv?.[0] === undefined) return [];
    const [line, why] = [programLine(argv), commands.missing(argv)];
    return [why === undefined ? { kind: 'granted', line } : { kind: 'missing', line, why }];
  });
