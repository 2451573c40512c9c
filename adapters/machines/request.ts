import { createHash } from 'node:crypto';
import { TargetRefused } from '../../domain/failure.js';
import { machineWords, type Machine, type MachineAction } from '../../domain/machine.js';

const slots = {
  ...machineWords,
  signal: { pattern: /^(none|HUP|USR1|USR2)$/, allowed: 'HUP, USR1 or USR2' },
  number: { pattern: /^\d{1,18}$/, allowed: 'a whole number' },
  word: { pattern: /^(?!.*\/\.)[a-zA-Z0-9][a-zA-Z0-9._:@/-]{0,249}$/, allowed: 'a word of letters, digits and . _ : @ / -' },
} as const;

/** The text, when it fits its slot; refused before anything is started when it does not. */
export function typed(slot: keyof typeof slots, text: string): string {
  const { pattern, allowed } = slots[slot];
  if (pattern.test(text)) return text;
  throw new TargetRefused(`${JSON.stringify(text)} is not allowed here: ${allowed}`);
}

/** Kind, command and target of an action, as the script takes them and as a machine allows them. */
export function wordsOf(action: MachineAction): string[] {
  switch (action.kind) {
    case 'systemd':
      return [action.kind, action.command, typed('unit', action.unit)];
    case 'runit':
      return [action.kind, action.command, typed('path', action.service)];
    case 'disk':
      return [action.kind, action.command, ...diskWords(action)];
  }
}

function diskWords({ signal, atLeastBytes, olderThanMs, filesMax, under }: Extract<MachineAction, { kind: 'disk' }>): string[] {
  if (under.length === 0) throw new TargetRefused('no folder is named: an empty selector selects nothing');
  const bounds = [atLeastBytes, Math.ceil(olderThanMs / 1000), filesMax].map((bound) => typed('number', String(bound)));
  return [typed('signal', signal ?? 'none'), ...bounds, ...under.map((folder) => typed('path', folder))];
}

/** One line of what a machine allows. */
export const allowedOf = (action: MachineAction): string => wordsOf(action).join(' ');

/** Action ids are words as they are; one that is none goes by its hash. */
export const actionWord = (actionId: string): string =>
  slots.word.pattern.test(actionId) ? actionId : `sha256:${createHash('sha256').update(actionId).digest('hex')}`;

/** Host and user, checked before they reach a command line. */
export const addressOf = ({ host, user, knownHosts, port }: Machine) => ({
  host: typed('host', host),
  user: typed('account', user),
  knownHosts: typed('path', knownHosts),
  port: typed('number', String(port)),
});
