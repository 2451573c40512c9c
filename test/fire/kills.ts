import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../lab/random.js';
import type { Person } from './person.js';
import { type Moment, momentOf, type Point, points, type Standing } from './points.js';
import type { Records } from './records.js';
import type { Target } from './target.js';
import { callerOf, isAlive, kill } from './victims.js';

/** One process of hale ended from outside, and what stood where when it was. */
export interface Kill {
  readonly kill: number;
  readonly at: string;
  readonly role: string;
  readonly pid: number;
  /** The point that this kill waited for. */
  readonly wanted: Point;
  /** Points at which an action stood that no earlier kill had found there. */
  readonly points: readonly Point[];
  readonly openCycles: number;
  readonly openEffects: number;
  /** The victim itself had a call with the target. */
  readonly ownCallOnWire: boolean;
  /** Age of the observation when the signal was sent, ms. */
  readonly seenMsAgo: number;
}

/** A kill each this often, whether or not hale has recovered from the one before. */
export const everyMs = 3_000;
/** How long a kill waits for its point before it falls wherever hale is. */
const patienceMs = 6_000;
const lookMs = 10;
const seenMsMax = 50;
/** Who was killed may linger in the list, and be a zombie; after this long the number may be somebody else's. */
const forgetMs = 60_000;

/** Of twenty kills fourteen fall on the process that acts; the others on all that it stands on or hangs from. */
const roles = [...Array<string>(14).fill('cycles'), 'temporal', 'temporal', 'postgres', 'postgres', 'main', 'watch'];

interface Process {
  readonly role: string;
  readonly pid: number;
}

/** What can be seen of hale at this moment, with whom it would hit. */
interface Sight extends Omit<Moment, 'standings'> {
  readonly fresh: readonly Standing[];
  readonly victim: Process;
  readonly ownCallOnWire: boolean;
  readonly at: number;
}

export class Killer {
  readonly kills: Kill[] = [];
  readonly #killedAt = new Map<number, number>();
  readonly #counted = new Set<string>();
  #callerOf = new Map<string, number>();

  constructor(
    private readonly target: Target,
    private readonly records: Records,
    private readonly person: Person,
    private readonly random: Random,
  ) {}

  /** Waits for its turn and its point, then kills. */
  async next(): Promise<Kill> {
    const turn = (this.kills.at(-1) === undefined ? Date.now() : Date.parse(this.kills.at(-1)?.at ?? '')) + everyMs;
    await sleep(Math.max(0, turn - Date.now()));
    const wanted = this.#rarest();
    const role = wanted === 'callOnWire' ? 'cycles' : (roles[this.random.whole(roles.length)] ?? 'cycles');
    for (;;) {
      const sight = await this.#sightOf(wanted, role);
      this.#killedAt.set(sight.victim.pid, Date.now());
      if (kill(sight.victim.pid)) return this.#record(sight, wanted);
    }
  }

  hits = (point: Point): number => this.kills.filter((kill) => kill.points.includes(point)).length;

  #rarest(): Point {
    const least = Math.min(...points.map(this.hits));
    const rare = points.filter((point) => this.hits(point) === least);
    return rare[this.random.whole(rare.length)] ?? points[0];
  }

  async #sightOf(wanted: Point, role: string): Promise<Sight> {
    for (const giveUpAt = Date.now() + patienceMs; ; await sleep(lookMs)) {
      const isLate = Date.now() > giveUpAt;
      const sight = await this.#look(isLate ? 'cycles' : role);
      // What was seen a while ago, because this process had to wait for its turn, may be over.
      if (sight !== undefined && Date.now() - sight.at > seenMsMax) continue;
      if (sight !== undefined && (isLate || sight.fresh.some(({ point }) => point === wanted))) return sight;
    }
  }

  async #look(role: string): Promise<Sight | undefined> {
    const cycles = await this.records.openCycles();
    const at = Date.now();
    const alive = this.#alive();
    if (cycles === undefined) return undefined;
    const callers = this.#callers(alive);
    const candidates = alive.filter((one) => one.role.startsWith(role));
    const calling = new Set(callers.values());
    const victim = candidates.find(({ pid }) => calling.has(pid)) ?? candidates[this.random.whole(candidates.length)];
    if (victim === undefined) return undefined;
    const { standings, ...moment } = momentOf(cycles, this.target);
    // A call counts as interrupted only where the process that made it is the one that dies.
    const standing = standings.filter(({ point, action }) => point !== 'callOnWire' || callers.get(action) === victim.pid);
    const fresh = standing.filter((one) => !this.#counted.has(nameOf(one)));
    return { ...moment, fresh, victim, ownCallOnWire: calling.has(victim.pid), at };
  }

  /** The process that made each call which is with the target now, by action id. */
  #callers(alive: readonly Process[]): ReadonlyMap<string, number> {
    const pids = alive.filter(({ role }) => role.startsWith('cycles')).map(({ pid }) => pid);
    for (const [action, call] of this.target.onWire) {
      // Looking it up takes its time; who made a call does not change.
      const pid = this.#callerOf.get(action) ?? callerOf(call, pids);
      if (pid !== undefined) this.#callerOf.set(action, pid);
    }
    const stillOnWire = [...this.#callerOf].filter(([action]) => this.target.onWire.has(action));
    this.#callerOf = new Map(stillOnWire);
    return this.#callerOf;
  }

  #alive(): readonly Process[] {
    const processes = this.person.seen?.status.processes ?? [];
    return processes.filter(({ pid }) => Date.now() - (this.#killedAt.get(pid) ?? 0) > forgetMs && isAlive(pid));
  }

  #record({ victim, ownCallOnWire, at, fresh, ...moment }: Sight, wanted: Point): Kill {
    for (const one of fresh) this.#counted.add(nameOf(one));
    const kill: Kill = {
      kill: this.kills.length + 1,
      at: new Date().toISOString(),
      ...victim,
      wanted,
      points: [...new Set(fresh.map(({ point }) => point))],
      openCycles: moment.openCycles,
      openEffects: moment.openEffects,
      ownCallOnWire,
      seenMsAgo: Date.now() - at,
    };
    this.kills.push(kill);
    return kill;
  }
}

const nameOf = ({ point, action }: Standing): string => `${point} ${action}`;
