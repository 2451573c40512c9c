import { RE2JS } from 're2js';
import type { Correction, Matcher, Mode, Service } from '../../domain/service.js';

/** The mode of a correction on this service or instance at this time (ms since the epoch): its own, or an override's. */
export function modeNow(service: Service, correction: Correction, instance: string | undefined, now: number): Mode {
  const labels = { service: service.name, instance: instance ?? '', correction: correction.name };
  const override = service.overrides?.find(
    (one) => now <= one.untilMs && one.match.every((matcher) => fits(matcher, labels[matcher.label])),
  );
  return override?.mode ?? correction.mode;
}

/** Regular expressions match the whole value. */
export function fits({ operator, value }: Pick<Matcher, 'operator' | 'value'>, label: string): boolean {
  switch (operator) {
    case '=':
      return label === value;
    case '!=':
      return label !== value;
    case '=~':
      return RE2JS.matches(value, label);
    case '!~':
      return !RE2JS.matches(value, label);
  }
}
