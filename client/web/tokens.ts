import { createHash, timingSafeEqual } from 'node:crypto';
import type { IntakeSource } from '../../domain/alert.js';
import type { SecretReference } from '../../domain/service.js';
import { secretOf } from '../../secrets/read.js';

/** A renewed secret counts after this long. */
const KEPT_MS = 1_000;

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Tells whose token was sent. Only hashes are kept and compared, each time all of them, so that no answer comes sooner than another. */
export class Tokens {
  readonly #hashes = new Map<string, { readonly at: number; readonly hash: Buffer | undefined }>();

  constructor(private readonly now: () => number = Date.now) {}

  /** The source among these whose token it is; undefined for nobody's. */
  async owner(sources: readonly IntakeSource[], authorization: string | undefined): Promise<IntakeSource | undefined> {
    const sent = hashOf(/^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? '');
    let owner: IntakeSource | undefined;
    for (const source of sources) {
      const hash = await this.#hash(source.token);
      const equal = timingSafeEqual(sent, hash ?? NOBODY);
      if (equal && hash !== undefined) owner ??= source;
    }
    return owner;
  }

  async #hash(reference: SecretReference): Promise<Buffer | undefined> {
    const key = JSON.stringify(reference);
    const known = this.#hashes.get(key);
    if (known !== undefined && this.now() - known.at < KEPT_MS) return known.hash;
    // Where it can't be read, nobody has this token.
    const hash = await secretOf(reference).then(hashOf, () => undefined);
    this.#hashes.set(key, { at: this.now(), hash });
    return hash;
  }
}

const NOBODY = hashOf('nobody');
