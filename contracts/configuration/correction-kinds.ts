import type { Action } from '../../domain/service.js';
import { type CorrectionFile, correction } from './correction-file.js';
import type { Kinds } from './kinds.js';

/** The kinds of corrections that the file knows, those without a provider in this version too. */
export type Kind = Exclude<Action['kind'], 'inactive'> | 'kubernetes' | 'systemd';

export const kinds: Kinds<Kind> = {
  exec: { main: 'exec', beside: ['undo', 'verify', 'repeatable', 'onlyIf', 'through'] },
  http: { main: 'http', beside: ['method', 'headers', 'body', 'undo', 'verify', 'repeatable', 'onlyIf', 'through'] },
  file: { main: 'file', beside: ['restore', 'then', 'undo', 'onlyIf'] },
  release: { main: 'release', beside: ['restore', 'then', 'undo', 'onlyIf'] },
  postgres: { main: 'postgres', beside: ['target', 'spare', 'olderThan', 'table', 'undo'] },
  wait: { main: 'for', beside: ['undo'] },
  kubernetes: { main: 'kubernetes', beside: ['undo', 'onlyIf', 'on', 'through'] },
  systemd: { main: 'systemd', beside: ['undo', 'onlyIf', 'on', 'through'] },
};
export const common = ['mode', 'approvals', 'hold', 'within', 'timeout', 'cooldown', 'resource', 'level', 'silence'];

const timed = { mode: true, hold: true, within: true, timeout: true, cooldown: true, repeatable: true, undo: true } as const;
export const timedCorrection = correction.required(timed);

/** A correction of the file in which nothing of this is left out any more. */
export type WholeFile = CorrectionFile & { [K in keyof typeof timed]-?: NonNullable<CorrectionFile[K]> };
