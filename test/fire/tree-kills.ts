import { setTimeout as sleep } from 'node:timers/promises';
import type { Person } from './person.js';
import type { Records } from './records.js';
import { isAlive, kill } from './victims.js';

/** Every process of one hale ended at once. */
export interface TreeKill {
  readonly treeKill: number;
  readonly at: string;
  readonly processes: number;
  readonly openCycles: number;
  /** Cycles among them that waited for a person's decision. */
  readonly asking: number;
  /** How many of these very cycles have ended after the restart. */
  readonly ended: number;
  readonly seconds: number;
}

const openMin = 3;
/** The parent, PostgreSQL, Temporal, the web process, and two workers of each role. */
const wholeTree = 8;
const lookMs = 250;
const patienceMs = { toBegin: 60_000, toEnd: 120_000 };

/** Kills the whole tree while cycles are open and one of them asks; then the person comes back and the cycles must end. */
export async function killTree(number: number, person: Person, records: Records): Promise<TreeKill> {
  person.isAway = true;
  const since = Date.now();
  const { open, asking, pids } = await until(
    patienceMs.toBegin,
    () => readyToFall(person, records, since),
    'enough cycles are open, one asking',
  );
  const at = Date.now();
  // The parent first, else it would begin to replace the others.
  for (const pid of pids) kill(pid);
  await sleep(lookMs);
  person.isAway = false;
  const allEnded = async (): Promise<readonly string[] | undefined> => {
    const ended = await records.ended(open);
    return ended.length === open.length ? ended : undefined;
  };
  const ended = await until(patienceMs.toEnd, allEnded, 'they have ended').catch(() => records.ended(open));
  return {
    treeKill: number,
    at: new Date(at).toISOString(),
    processes: pids.length,
    openCycles: open.length,
    asking,
    ended: ended.length,
    seconds: (Date.now() - at) / 1_000,
  };
}

async function readyToFall(person: Person, records: Records, since: number) {
  const cycles = await records.openCycles();
  // A status from before may name processes that have been replaced.
  const status = (person.seen?.at ?? 0) > since ? person.seen?.status : undefined;
  const asking = status?.incidents.filter(({ ask }) => ask !== null).length ?? 0;
  const pids = [...(status?.processes ?? [])].sort((a) => (a.role === 'main' ? -1 : 1)).map(({ pid }) => pid);
  if (cycles === undefined || cycles.length < openMin || asking === 0) return undefined;
  if (pids.length < wholeTree || !pids.every(isAlive)) return undefined;
  return { open: cycles.map(({ cycle }) => cycle), asking, pids };
}

async function until<T>(ms: number, look: () => Promise<T | undefined>, what: string): Promise<T> {
  for (const giveUpAt = Date.now() + ms; Date.now() < giveUpAt; await sleep(lookMs)) {
    const found = await look();
    if (found !== undefined) return found;
  }
  throw new Error(`waited ${ms / 1_000} s in vain until ${what}`);
}
