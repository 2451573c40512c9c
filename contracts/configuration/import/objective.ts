import { Names, type DraftPart, type DraftService } from '../draft.js';
import { formatDuration } from '../../../domain/duration.js';

/** Parts of services as an import finds them, one after the other, under the service that they name. */
export class Services {
  readonly #services = new Map<string, { names: Names; signals: DraftPart[]; objectives: DraftPart[] }>();

  of(service: string): { readonly names: Names; readonly signals: DraftPart[]; readonly objectives: DraftPart[] } {
    const known = this.#services.get(service) ?? { names: new Names(), signals: [], objectives: [] };
    this.#services.set(service, known);
    return known;
  }

  drafts = (): DraftService[] => [...this.#services].map(([name, { signals, objectives }]) => ({ name, signals, objectives }));
}

/** PromQL for the rate of bad or good events and of all events, or for the share of bad ones itself. */
export type Ratio =
  | { readonly bad: string; readonly total: string }
  | { readonly good: string; readonly total: string }
  | { readonly errorRatio: string };

export interface RatioObjective {
  readonly name: string;
  readonly source: string;
  readonly ratio: Ratio;
  /** Share of good events: 0.999. */
  readonly target: number;
  readonly windowMs: number;
  /** The objective is broken when the error budget is spent this many times as fast as it may be. */
  readonly burn: number;
  readonly burnSays: string;
  readonly forMs?: number | undefined;
}

/** Signals and the objective for a share of good events. Without events there is no share: then it says nothing. */
export function addRatio(services: Services, service: string, one: RatioObjective): void {
  const { names, signals, objectives } = services.of(service);
  const name = names.fresh(one.name);
  const { source } = one;
  if ('errorRatio' in one.ratio) signals.push({ name: `${name}-errors`, value: { source, query: one.ratio.errorRatio } });
  else {
    const { total } = one.ratio;
    signals.push(
      { name: `${name}-total`, value: { source, query: total } },
      { name: `${name}-errors`, value: { source, query: shareOf(one.ratio), onlyIf: { [`${name}-total`]: { above: 0 } } } },
    );
  }
  const value = {
    signal: `${name}-errors`,
    below: percent(one.burn * (1 - one.target)),
    ...(one.forMs === undefined ? {} : { for: formatDuration(one.forMs) }),
    target: percent(one.target),
    window: formatDuration(one.windowMs),
  };
  objectives.push({ name, value, comment: `${one.burnSays} of ${percent(1 - one.target)}` });
}

/** Events of a kind that never happened have no series: they count as none, be they good or bad. */
function shareOf(ratio: Exclude<Ratio, { errorRatio: string }>): string {
  const { total } = ratio;
  const counted = `(${'bad' in ratio ? ratio.bad : ratio.good}) or (${total}) * 0`;
  return 'bad' in ratio ? `(${counted}) / (${total})` : `1 - (${counted}) / (${total})`;
}

/** A share as a percentage, without the noise of binary fractions. */
export const percent = (share: number): string => `${Number((share * 100).toPrecision(10))}%`;
