import type { Service } from '../../domain/service.js';
import type { Members } from '../ports.js';

/** The instances of services as known now. A source that can't tell leaves the last answer standing. */
export class Membership {
  readonly #members: Members;
  readonly #names = new Map<string, readonly string[]>();

  constructor(members: Members) {
    this.#members = members;
  }

  namesOf = (service: Service): readonly string[] =>
    service.instances?.kind === 'listed' ? service.instances.names : (this.#names.get(service.name) ?? []);

  /** Asks the sources again; answers whether any membership changed. */
  async refresh(services: readonly Service[]): Promise<boolean> {
    const changes = await Promise.all(services.map((service) => this.#ask(service)));
    return changes.includes(true);
  }

  async #ask(service: Service): Promise<boolean> {
    if (service.instances?.kind !== 'discovered') return false;
    const names = await this.#members.of(service.instances).catch(() => undefined);
    if (names === undefined || String(names) === String(this.#names.get(service.name))) return false;
    this.#names.set(service.name, names);
    return true;
  }
}
