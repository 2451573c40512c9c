import type { Check } from '../../../contracts/cli.js';
import type { Action, Service } from '../../../domain/service.js';
import type { Patience, RightState } from '../../../domain/right.js';
import { counted } from '../text.js';
import type { Asker, Askers } from './askers.js';
import { needsOf } from './needs.js';
import { actsOf, rightsOf, type Act, type Right } from './rights.js';

/** How long one target may take, and all that are asked at the same time. Of many machines over ssh only some are. */
export interface Bounds {
  readonly eachMs: number;
  readonly allMs: number;
}

const usual: Bounds = { eachMs: 5_000, allMs: 30_000 };

/**
 * Asks every target whether hale has there what its corrections need, and no more. Changes nothing.
 * @param found instances of services that a source finds, so far as they are known
 */
export async function rightChecks(
  services: readonly Service[],
  askers: Askers,
  found: ReadonlyMap<string, readonly string[]> = new Map(),
  { eachMs, allMs }: Bounds = usual,
): Promise<Check[]> {
  const abort = new AbortController();
  const over = setTimeout(() => abort.abort(), allMs);
  try {
    const groups = groupsOf(
      services.flatMap((one) => actsOf(one, found.get(one.name))),
      askers,
    );
    const patience = { timeoutMs: eachMs, abort: abort.signal };
    return checksOf((await Promise.all(groups.map(async (group) => located(group, await statesOf(group, patience))))).flat());
  } finally {
    clearTimeout(over);
  }
}

/** Actions about which one target is asked in one go. */
interface Group {
  readonly acts: readonly Act[];
  readonly asker: Asker<Action> | undefined;
  /** What is done at all places that are asked in this way. */
  readonly all: readonly Action[];
}

/** Kinds that are asked in the same way are asked together. */
function groupsOf(acts: readonly Act[], askers: Askers): Group[] {
  const groups = new Map<string, Group>();
  const ways = Object.values(askers);
  for (const act of acts) {
    const asker = act.isOpen ? undefined : askerOf(askers, act.action);
    const way = asker === undefined ? act.action.kind : ways.indexOf(asker as (typeof ways)[number]);
    const key = JSON.stringify([way, act.isOpen, asker?.placeOf(act.action)]);
    const all = acts.flatMap(({ action }) => (askerOf(askers, action) === asker ? [action] : []));
    groups.set(key, { acts: [...(groups.get(key)?.acts ?? []), act], asker, all });
  }
  return [...groups.values()];
}

/** Each takes only its own kind of action; the key under which it is found is that kind. */
const askerOf = (askers: Askers, { kind }: Action): Asker<Action> | undefined => askers[kind] as Asker<Action> | undefined;

async function statesOf({ acts, asker, all }: Group, patience: Patience): Promise<readonly RightState[]> {
  // Of many instances, the same is done for each where no slot names it.
  const [first, ...others] = new Map(acts.map(({ action }) => [JSON.stringify(action), action])).values();
  const lines = [...new Set(acts.flatMap(({ action }) => needsOf(action).flatMap((need) => need.lines)))];
  if (first === undefined) return [];
  if (acts.some(({ isOpen }) => isOpen))
    return lines.map((line) => notAsked(line, 'which instances there are is known only while hale runs'));
  if (asker === undefined) return lines.map((line) => notAsked(line, 'only doing it would tell'));
  try {
    return await asker.ask([first, ...others], patience, all);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return lines.map((line) => ({ kind: 'unknown', line, why }));
  }
}

const notAsked = (line: string, why: string): RightState => ({ kind: 'notAsked', line, why });

/** What was found about one place, with whom it concerns. */
interface Located {
  readonly where: string;
  readonly state: RightState;
  readonly right: Right | undefined;
}

/** Where `hale permissions` has the line. What is too much stands where the first line does. */
function located({ acts }: Group, states: readonly RightState[]): Located[] {
  const rights = rightsOf(acts);
  return states.map((state) => {
    const right = 'line' in state ? rights.find(({ line }) => line === state.line) : undefined;
    return { where: (right ?? rights[0])?.where ?? '', state, right };
  });
}

function checksOf(found: readonly Located[]): Check[] {
  const places = [...new Set(found.map(({ where }) => where))].toSorted((one, other) => one.localeCompare(other));
  return places.flatMap((where) => checksAt(where, distinct(found.filter((one) => one.where === where))));
}

/** From good to bad. */
const ranks = ['granted', 'notAsked', 'unknown', 'missing'] as const;

/** The same line may be asked about for several actions: what is missing for one is not there. */
function distinct(found: readonly Located[]): readonly Located[] {
  const rankOf = ({ state }: Located): number => ranks.findIndex((kind) => kind === state.kind);
  const lineOf = ({ state }: Located): string | undefined => ('line' in state ? state.line : undefined);
  const isWorst = (one: Located): boolean => found.every((other) => lineOf(other) !== lineOf(one) || rankOf(other) <= rankOf(one));
  return [...new Map(found.filter(isWorst).map((one) => [JSON.stringify(one.state), one])).values()];
}

function checksAt(where: string, found: readonly Located[]): Check[] {
  const granted = found.filter(({ state }) => state.kind === 'granted').length;
  const asWanted: Check = { name: where, result: 'ok', sentence: `hale has ${counted(granted, 'right')} that it needs`, command: null };
  const others = found.flatMap(({ state, right }) => checkOf(where, state, right));
  return [...(granted > 0 ? [asWanted] : []), ...others, ...silentChecks(where, found)];
}

function checkOf(name: string, state: RightState, right: Right | undefined): Check[] {
  switch (state.kind) {
    case 'granted':
    case 'notAsked':
    case 'unknown':
      return [];
    case 'tooMuch': {
      const sentence = `more than the corrections need: ${state.sentence}`;
      return [{ name, result: 'warning', sentence, command: state.revoke ?? null }];
    }
    case 'outdated':
      return [{ name, result: 'warning', sentence: state.sentence, command: state.renew }];
    case 'missing': {
      const { line, why } = state;
      const [because, whom] = [why === undefined ? '' : ` (${why})`, (right?.for ?? []).join(', ')];
      if (right?.kind === 'grant')
        return [{ name, result: 'trouble', sentence: `a grant is missing for ${whom}${because}`, command: line }];
      return [{ name, result: 'trouble', sentence: `missing for ${whom}${because}: ${line}`, command: null }];
    }
  }
}

/** What could not be asked for the same reason is one sentence. */
function silentChecks(name: string, found: readonly Located[]): Check[] {
  const silent = found.flatMap(({ state }) => (state.kind === 'notAsked' || state.kind === 'unknown' ? [state] : []));
  const reasons = [...new Set(silent.map(({ why }) => why))];
  return reasons.map((why) => {
    const about = silent.filter((one) => one.why === why);
    const lines = about.map(({ line }) => line).join(' | ');
    const result = about.some(({ kind }) => kind === 'unknown') ? 'unknown' : 'notAsked';
    return { name, result, sentence: `${why}: ${lines}`, command: null };
  });
}
