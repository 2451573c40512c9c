import type { Random } from '../../lab/random.js';
import { menderOf } from './services.js';
import type { Records } from './records.js';
import type { Target } from './target.js';

const lookMs = 250;
/** hale reports a service at most every ten seconds: who is broken again sooner would only wait. */
const restMs = 12_000;

/** Breaks services as fast as hale mends them, so that there is always enough to interrupt. */
export class Breaker {
  readonly #timer: NodeJS.Timeout;
  #busy = false;

  constructor(
    private readonly services: readonly string[],
    private readonly open: number,
    private readonly target: Target,
    private readonly records: Records,
    private readonly random: Random,
  ) {
    this.#timer = setInterval(() => void this.#look(), lookMs);
  }

  end(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    const cycles = await this.records.openCycles();
    this.#busy = false;
    if (cycles === undefined) return;
    const inTrouble = new Set([...this.target.broken, ...cycles.map(({ service }) => service)]);
    if (inTrouble.size >= this.open) return;
    const [next] = this.services
      .filter((service) => !inTrouble.has(service) && Date.now() - this.#lastAt(service) > restMs)
      .sort((a, b) => this.#lastAt(a) - this.#lastAt(b));
    if (next !== undefined) this.target.break(next, menderOf(next, this.random));
  }

  #lastAt = (service: string): number => this.target.lastAt.get(service) ?? 0;
}
