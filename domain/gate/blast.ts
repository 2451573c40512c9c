/** How many instances a correction may touch at once: a number, or a share of all there are. */
export type AtOnce = { readonly count: number } | { readonly share: number };

/** What is acted upon, and what would be left of the service meanwhile. */
export interface Blast {
  readonly service: string;
  /** How many instances this correction acts on: one, or all of them where it is the service's. */
  readonly touches: number;
  /** Other instances with a change in force that nobody has settled yet. */
  readonly acting: number;
  readonly instances: number;
  readonly atOnce?: AtOnce;
  /** Instances known to be healthy that nobody acts on; unknown health is none. Needed where a share of them must stay. */
  readonly healthyLeft?: number;
  readonly minHealthy?: number;
}

/** How many may be touched at once. A share of none is none, and is never rounded up. */
const allowed = ({ atOnce, instances }: Blast): number =>
  atOnce === undefined ? Infinity : 'count' in atOnce ? atOnce.count : Math.floor(atOnce.share * instances + 1e-9);

const percent = (ratio: number): string => `${Number((ratio * 100).toFixed(2))}%`;

export function tooManyAtOnce(blast: Blast | undefined): string | undefined {
  if (blast === undefined || blast.acting + blast.touches <= allowed(blast)) return undefined;
  const { service, acting, touches, instances, atOnce } = blast;
  const limit = atOnce !== undefined && 'share' in atOnce ? `${percent(atOnce.share)}, which is ${allowed(blast)}` : allowed(blast);
  return `atOnce of ${service} is ${limit}: changes are in force on ${acting} of ${instances} instances, and this one acts on ${touches}`;
}

export function tooFewHealthy(blast: Blast | undefined): string | undefined {
  if (blast?.minHealthy === undefined) return undefined;
  const { service, healthyLeft = 0, instances, minHealthy } = blast;
  if (instances > 0 && healthyLeft / instances >= minHealthy - 1e-9) return undefined;
  return `minHealthy of ${service} is ${percent(minHealthy)}: ${healthyLeft} of ${instances} instances would be healthy meanwhile`;
}
