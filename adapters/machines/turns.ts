/** Lets at most so many run at once; the others wait in the order in which they came. */
export class Turns {
  #running = 0;
  readonly #waiting = new Set<() => void>();

  /** undefined where it was called off before its turn came. */
  async take<T>(atOnce: number, abort: AbortSignal, work: () => Promise<T>): Promise<T | undefined> {
    if (this.#running < atOnce) this.#running++;
    else if (!(await this.#turn(abort))) return undefined;
    try {
      return await work();
    } finally {
      const [next] = this.#waiting;
      if (next === undefined) this.#running--;
      else next();
    }
  }

  /** Who is called off leaves the queue: nobody after it waits for what nobody wants any more. */
  #turn(abort: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (hasTurn: boolean): void => {
        this.#waiting.delete(begin);
        abort.removeEventListener('abort', leave);
        resolve(hasTurn);
      };
      const begin = (): void => end(true);
      const leave = (): void => end(false);
      if (abort.aborted) return resolve(false);
      this.#waiting.add(begin);
      abort.addEventListener('abort', leave);
    });
  }
}
