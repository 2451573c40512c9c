import type { FastifyReply } from 'fastify';
import { unavailable } from './problem.js';

/** So many requests at once: more would only wait, in memory. What is too much costs next to nothing. */
export class Places {
  #taken = 0;

  constructor(
    private readonly max: number,
    /** Whose places they are, as in "32 requests of source am-prod are being answered". */
    private readonly whose = '',
  ) {}

  /** Until it is answered or its line is cut. Throws `Problem`. */
  take(reply: FastifyReply): void {
    if (this.#taken >= this.max) throw unavailable('busy', `${this.max} requests${this.whose} are being answered`, 1);
    this.#taken += 1;
    reply.raw.once('close', () => (this.#taken -= 1));
  }
}
