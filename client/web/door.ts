import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Intake } from '../../adapters/postgres/intake.js';
import type { IntakeSource } from '../../domain/alert.js';
import { takeOne, type Bucket } from '../../domain/rate.js';
import type { Fleet } from '../../domain/service.js';
import { Places } from './places.js';
import { Problem, unauthorized, unavailable } from './problem.js';
import { Tokens } from './tokens.js';

/** A changed configuration counts after this long. */
const CONFIGURATION_MS = 2_000;
/** Half of all places: one sender, however slow, leaves room for the others. */
const ofOneSourceMax = 32;

/** Who comes in: a known source with its token, within its rate and its places. Decided before a body is read. */
export class Door {
  readonly #tokens = new Tokens();
  readonly #buckets = new Map<string, Bucket>();
  readonly #places = new Map<string, Places>();
  #known: { readonly at: number; readonly fleet: Pick<Fleet, 'intake' | 'services'> } | undefined;

  constructor(private readonly intake: Pick<Intake, 'fleet'>) {}

  /** `named`: the source in the path, where there is one. Throws `Problem`. */
  async admit(request: FastifyRequest, reply: FastifyReply, accepts: IntakeSource['accepts'], named?: string): Promise<IntakeSource> {
    const sources = ((await this.#fleet()).intake ?? []).filter(
      (one) => one.accepts === accepts && (named === undefined || one.name === named),
    );
    const source = await this.#tokens.owner(sources, request.headers.authorization);
    if (source === undefined) throw unauthorized();
    const taken = takeOne(this.#buckets.get(source.name), source.perSecondMax, Date.now());
    this.#buckets.set(source.name, taken.bucket);
    if (taken.kind === 'taken') {
      this.#placesOf(source).take(reply);
      return source;
    }
    const message = `source ${source.name} may send ${source.perSecondMax} requests a second`;
    throw new Problem(
      429,
      'tooFast',
      message,
      `send it again after the seconds in Retry-After, or set intake.${source.name}.perSecond`,
      taken.retryAfterS,
    );
  }

  #placesOf({ name }: IntakeSource): Places {
    const places = this.#places.get(name) ?? new Places(ofOneSourceMax, ` of source ${name}`);
    this.#places.set(name, places);
    return places;
  }

  /** The names of what is configured. Throws `Problem`. */
  async services(): Promise<readonly string[]> {
    return (await this.#fleet()).services.map(({ name }) => name);
  }

  /** What was known last stays known while the database is away: whoever is let in by it is told so when nothing can be kept. */
  async #fleet(): Promise<Pick<Fleet, 'intake' | 'services'>> {
    if (this.#known !== undefined && Date.now() - this.#known.at < CONFIGURATION_MS) return this.#known.fleet;
    const read = await this.intake.fleet().catch((): 'away' => 'away');
    if (read === 'away' && this.#known === undefined) throw unavailable('databaseAway', 'the database does not answer', 5);
    const fleet = read === 'away' ? (this.#known?.fleet ?? NOTHING) : (read ?? NOTHING);
    this.#known = { at: Date.now(), fleet };
    return fleet;
  }
}

/** Before the first configuration is stored. */
const NOTHING: Pick<Fleet, 'intake' | 'services'> = { services: [] };
