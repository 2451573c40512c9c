import { RE2JS } from 're2js';
import type { Silence, Silences } from '../../activities/ports.js';
import { ANSWER_MS, OWN, activeSilences, whyOf, type Matcher } from './api.js';

/** Reads silences over Alertmanager's API v2. */
export const alertmanagerSilences = (): Silences => ({
  async about(source, service) {
    try {
      const silence = (await activeSilences(source, AbortSignal.timeout(ANSWER_MS))).find(
        (one) => one.createdBy !== OWN && one.matchers.some((matcher) => names(matcher, source.serviceLabel ?? 'service', service)),
      );
      if (silence === undefined) return { kind: 'none' };
      return { kind: 'silenced', by: silence.createdBy, until: Date.parse(silence.endsAt), comment: silence.comment };
    } catch (error) {
      return { kind: 'unknown', why: `Alertmanager ${source.name} can't be asked for silences: ${whyOf(error)}` } satisfies Silence;
    }
  },
});

/** The whole value has to match, as in Alertmanager. What is not about one service by its label is not about this one. */
function names({ name, value, isRegex, isEqual = true }: Matcher, label: string, service: string): boolean {
  if (name !== label || !isEqual) return false;
  return isRegex ? fits(value, service) : value === service;
}

/** A pattern that this engine can't read stands for no service: Alertmanager would have refused it. */
function fits(pattern: string, service: string): boolean {
  try {
    return RE2JS.matches(pattern, service);
  } catch {
    return false;
  }
}
