import type { IntakeSource, LabelMatcher } from '../../domain/alert.js';
import { type Context, secretNamed } from './context.js';
import { at } from './tree.js';

const perSecondDefault = 50;

/** Sources whose token can't be named are left out; the error was said. */
export function resolveIntake(context: Context): readonly IntakeSource[] {
  return Object.entries(context.file.intake ?? {}).flatMap(([name, { accepts, perSecond }]) => {
    const token = secretNamed(at(context.root, 'intake', name, 'token'), context);
    return token === undefined ? [] : [{ name, accepts, token, perSecondMax: perSecond ?? perSecondDefault }];
  });
}

/** A class has one line for all of its services. Names of services are made of letters that mean little in a pattern. */
export const alertsOf = (matchers: readonly LabelMatcher[], service: string): readonly LabelMatcher[] =>
  matchers.map((matcher) => ({ ...matcher, value: matcher.value.replaceAll('$service', service) }));

/** What holds where nobody wrote matchers, in the words of the file. */
export const alertsDefault = (service: string): readonly string[] => [`service="${service}"`];
