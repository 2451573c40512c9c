import type { Act } from './trial.js';

type Keys = Readonly<Record<string, unknown>>;

/** A service of its own, with one correction on a real target that keeps its own account. */
export interface Subject {
  readonly service: string;
  /** For people: what kind of target it is. */
  readonly kind: string;
  readonly privilege: 'machine' | 'network' | 'postgres' | 'kubernetes';
  readonly fencedBy: 'target' | 'self';
  readonly correction: Keys;
  /** What the file says beside it. */
  readonly sources?: Keys;
  readonly secrets?: Keys;
  /** hale must have seen its good state before it is broken. */
  readonly needsGood?: boolean;
  readonly breakIt: () => Promise<void>;
  readonly isWell: () => boolean;
  /** All acts so far, oldest first. */
  readonly acts: () => readonly Act[];
  /** Requests to act that the target has turned away so far, where it counts them. */
  readonly turnedAway?: () => number;
  /** Frozen after the look all the same: what the residual window is made of. */
  readonly isOpen?: boolean;
  /** Somebody acts late indeed, by `actLate`: what the judge must find. */
  readonly isPlanted?: boolean;
  /** Acts as a worker would that looks at nothing. */
  readonly actLate?: (fence: string) => Promise<void>;
  readonly close?: () => Promise<void>;
}

/** As short a lease as the file can say: it lasts for these together, and a minute. */
const short = { timeout: '5s', within: '3s', hold: '3s', cooldown: '0s' };

export const configurationOf = (subjects: readonly Subject[], web: string): string =>
  JSON.stringify({
    apiVersion: 'hale/v1',
    sources: Object.assign({}, ...subjects.map(({ sources }) => sources)) as Keys,
    secrets: Object.assign({}, ...subjects.map(({ secrets }) => secrets)) as Keys,
    policy: { mode: 'act', attempts: 100, freeze: { reversals: 10_000 } },
    services: Object.fromEntries(
      subjects.map(({ service, correction }) => [
        service,
        {
          signals: { up: { http: `${web}/health/${service}`, every: '1s', expect: { status: 200 } } },
          objectives: { up: { above: 0, for: '0s', hold: '3s' } },
          order: 'fixed',
          corrections: { mend: { ...correction, ...short, resource: resourceOf(service) } },
        },
      ]),
    ),
  });

export const resourceOf = (service: string): string => `unit/${service}`;
