import { z } from 'zod';
import { fits } from './mode.js';
import { choice, count, labelMatcher, name, text } from './scalars.js';

const tooWide = 'at least one matcher that an alert without the label does not fit, such as service="shop": else everything fits';

/** As in Alertmanager: an alert is about the service where all of them fit. */
export const alertMatchers = z
  .array(labelMatcher)
  .min(1, { error: tooWide })
  .max(20)
  .refine((matchers) => matchers.some((matcher) => !fits(matcher, '')), { error: tooWide });

/** Who may send what; each source has a token of its own, and is good for one thing. */
export const intake = z.record(
  name,
  z.strictObject({
    accepts: choice('alertmanager', 'alerts', 'changes'),
    token: text.describe('Name of an entry of `secrets`; sent as Authorization: Bearer'),
    perSecond: count(1, 10_000).optional().describe('Requests; more are answered 429'),
  }),
);
