import { createHash } from 'node:crypto';
import type { Image } from '../domain/effect.js';
import type { Correction, Service } from '../domain/service.js';
import { aim } from './case.js';
import type { Ports, Target } from './ports.js';

type Needs = Pick<Ports, 'providers' | 'knownGood'>;

/** What one correction would do now, seen at its target. */
export type Sighted =
  | {
      readonly kind: 'sighted';
      readonly target: Target;
      readonly before: Image;
      readonly goal: Image | undefined;
      /** Key of the lease. */
      readonly resource: string;
      /** The provider's own name for the target, whatever the configuration calls the resource. */
      readonly identity: string;
    }
  | { readonly kind: 'notApplicable'; readonly reason: string };

/** Reads only. */
export async function sight(ports: Needs, service: Service, instance: string | undefined, correction: Correction): Promise<Sighted> {
  const aimed = aim(ports, service, instance, correction);
  if (aimed.kind === 'noAim') return { kind: 'notApplicable', reason: aimed.reason };
  const { provider, target } = aimed;
  const good = await ports.knownGood.latest(service.name, instance, correction.name);
  const before = await provider.image(target);
  const seen = await provider.examine(target, before, good?.image);
  if (!seen.applicable) return { kind: 'notApplicable', reason: seen.reason };
  const identity = await provider.resourceOf(target);
  return { kind: 'sighted', target, before, goal: seen.goal, resource: correction.resource ?? identity, identity };
}

/** Changes whenever what would be done, or what it would be done to, changes. */
export const proposalOf = (target: Target, before: Image, goal: Image | undefined): string =>
  createHash('sha256')
    .update(JSON.stringify({ target, before: before.identity, goal: goal?.identity ?? null }))
    .digest('hex')
    .slice(0, 8);
