import { z } from 'zod';
import { absolutePath, argv, choice, count, duration, text, url } from './scalars.js';
import { target } from './signal-file.js';

export const mode = choice('observe', 'ask', 'act');

/** Who may answer when a correction asks; here and under `policy`, of which the stricter counts. */
export const approvals = z.strictObject({
  people: count(1, 5).optional().describe('How many different people must say yes'),
  unverified: choice('accept', 'refuse').optional().describe('What a name counts that was typed into the Temporal UI'),
});

const request = {
  http: url.optional().describe('Sends a request to this URL'),
  method: choice('POST', 'PUT', 'PATCH', 'DELETE').optional(),
  headers: z.record(text, z.string()).optional(),
  body: z.string().max(20_000).optional(),
};

const undoError = 'restores, nothingToRestore, loses, irreversible, {exec: [program]} or {http: URL}';
const undo = z.union(
  [choice('restores', 'nothingToRestore', 'loses', 'irreversible'), z.strictObject({ exec: argv.optional(), ...request })],
  {
    error: undoError,
  },
);

/** Every key that any kind of correction has; which belong together is checked when its kind is known. */
export const correction = z.strictObject({
  exec: argv.optional().describe('Runs a program; there is no shell'),
  ...request,
  file: absolutePath.optional().describe('Puts the last good content of this file back'),
  release: absolutePath.optional().describe('Points this symlink to another release'),
  restore: choice('lastGood', 'previous').optional(),
  then: argv.optional().describe('Runs afterwards, and again after an undo'),
  postgres: choice('terminateRootBlocker', 'cancelQuery', 'vacuum').optional(),
  target: target.optional(),
  spare: z.strictObject({ users: z.array(text).optional(), applications: z.array(text).optional() }).optional(),
  olderThan: duration('1s', '30d').optional(),
  table: text.optional(),
  for: duration('1s', '1h').optional().describe('Waits'),
  kubernetes: text.optional(),
  systemd: text.optional(),
  on: choice('service', 'instance').optional(),
  through: text.optional().describe('The controller, as in managedBy, whose own interface this is'),
  undo: undo.optional(),
  verify: z
    .union([argv, url], { error: 'a program as [argv], or a URL, that tells by action id whether the correction was applied' })
    .optional(),
  repeatable: z.boolean().optional().describe('May be done again when nobody knows whether it was done'),
  mode: mode.optional(),
  approvals: approvals.optional(),
  level: count(0, 4)
    .optional()
    .describe('0 records, 1 suggests, 2 asks, 3 acts where nothing is lost, 4 acts; the stricter of mode and level decides'),
  hold: duration('1s', '30d').optional(),
  within: duration('100ms', '30d').optional().describe('The symptom must be gone this long after the action'),
  timeout: duration('100ms', '2h').optional(),
  cooldown: duration('0s', '7d').optional(),
  silence: z
    .boolean({ error: 'true or false' })
    .optional()
    .describe('Once it has begun this goes before what the service says, see policy.silence'),
  onlyIf: z.strictObject({ changedWithin: duration('1s', '30d') }).optional(),
  resource: text.optional().describe('The thing acted upon, when several services share it'),
});

export type CorrectionFile = z.output<typeof correction>;
