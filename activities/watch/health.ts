import { fillSlots } from '../../domain/detection/slots.js';
import { memberKey, type Member } from '../../domain/detection/finding.js';
import { isKnownGood, sighted, type Sighting } from '../../domain/detection/known-good.js';
import type { Image } from '../../domain/effect.js';
import type { Correction, Service } from '../../domain/service.js';
import type { Ports } from '../ports.js';
import type { Board, ProvenHealth } from '../../domain/detection/board.js';

type Controls = Pick<Ports, 'controls'>;
type Keeping = Pick<Ports, 'providers' | 'knownGood'>;

/** Lets go of holds whose symptom has stayed away for the hold window. */
export async function releaseHolds({ controls }: Controls, board: Board): Promise<void> {
  for (const member of board.members()) {
    const watched = board.objectivesOf(member);
    const health = board.provenHealth(watched, Date.now());
    const holdMs = Math.max(...watched.map(({ objective }) => objective.holdMs));
    if (health === undefined || health.until - health.since < holdMs) continue;
    const held = await controls.held(member.service, member.instance);
    if (held === undefined || health.until - Math.max(held.since, health.since) < holdMs) continue;
    await controls.releaseHold(member.service, member.instance, `every objective has been met for ${holdMs / 1000}s`);
  }
}

/** A server of others is not asked with every look. */
const ASK_OTHERS_MS = 15_000;

/** Remembers what the targets of restoring corrections look like while their service is well. */
export class GoodKeeper {
  readonly #ports: Keeping;
  readonly #sightings = new Map<string, Sighting>();
  readonly #askedAt = new Map<string, number>();

  constructor(ports: Keeping) {
    this.#ports = ports;
  }

  async look(board: Board): Promise<void> {
    for (const member of board.members()) {
      const watched = board.objectivesOf(member);
      const service = watched[0]?.service;
      const health = board.provenHealth(watched, Date.now());
      for (const correction of service?.corrections.filter(restores) ?? []) {
        if (service !== undefined) await this.#lookAt(service, member, correction, health);
      }
    }
  }

  async #lookAt(service: Service, member: Member, correction: Correction, health: ProvenHealth | undefined): Promise<void> {
    const key = `${memberKey(member)}/${correction.name}`;
    if (correction.action.kind === 'git' && Date.now() - (this.#askedAt.get(key) ?? -Infinity) < ASK_OTHERS_MS) return;
    this.#askedAt.set(key, Date.now());
    const image = await this.#imageOf(member, correction);
    if (image === undefined || image.notGood !== undefined) return void this.#sightings.delete(key);
    const sighting = sighted(this.#sightings.get(key), image.identity, Date.now());
    this.#sightings.set(key, sighting);
    if (!isKnownGood(sighting, health, correction.holdMs)) return;
    await this.#ports.knownGood.record(service.name, member.instance, correction.name, image);
  }

  /** undefined when the target can't be looked at: what nobody saw is not known to be good. */
  async #imageOf(member: Member, { action, timeoutMs }: Correction): Promise<Image | undefined> {
    const provider = this.#ports.providers.for(action);
    const filled = fillSlots(action, member);
    if (provider === undefined || filled.kind === 'refused') return undefined;
    return provider.image({ ...member, action: filled.value, timeoutMs }).catch(() => undefined);
  }
}

/** Only these ever ask what was good. */
const restores = ({ action }: Correction): boolean =>
  ['file', 'git', 'release'].includes(action.kind) || (action.kind === 'docker' && action.operation === 'recreate');
