import { z } from 'zod';
import { choice, count, duration, text } from '../scalars.js';
import { onlyIf, repeatable, through } from './kind.js';
import { correctionKinds } from './kinds.js';
import { undo } from './undo.js';

export const mode = choice('observe', 'ask', 'act');

/** Who may answer when a correction asks; here and under `policy`, of which the stricter counts. */
export const approvals = z.strictObject({
  people: count(1, 5).optional().describe('How many different people must say yes'),
  unverified: choice('accept', 'refuse').optional().describe('What a name counts that was typed into the Temporal UI'),
});

/** Keys that every kind has. */
const common = {
  undo,
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
  resource: text.optional().describe('The thing acted upon, when several services share it'),
};
export const commonKeys = Object.keys(common);

const shapes = correctionKinds.map(({ keys }) => keys);

/** Every key that any kind of correction has; which belong together is checked when its kind is known. */
export const correction = z.strictObject({ ...(Object.assign({}, ...shapes) as z.core.$ZodShape), ...common });

/** What hale reads of any kind, with nothing left out that it needs. */
export const wholeCorrection = z
  .object({ ...common, onlyIf, repeatable, through })
  .required({ mode: true, hold: true, within: true, timeout: true, cooldown: true, repeatable: true });
export type WholeCorrection = z.output<typeof wholeCorrection>;
