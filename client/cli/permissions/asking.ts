import type { Check } from '../../../contracts/cli.js';
import type { Action, Service } from '../../../domain/service.js';
import type { Standing } from '../../../domain/standing.js';
import { counted } from '../text.js';
import { askers as all, type Asker, type Askers } from './askers.js';
import { needsOf } from './needs.js';
import { actsOf, rightsOf, type Act, type Right } from './rights.js';

/** For one target, all in all; all are asked at the same time. */
const PATIENCE_MS = 5_000;

/** Asks every target whether hale has there what its corrections need, and no more. Changes nothing. */
export async function standingChecks(services: readonly Service[], askers: Askers = all): Promise<Check[]> {
  const abort = new AbortController();
  try {
    const groups = groupsOf(services.flatMap(actsOf), askers);
    const found = await Promise.all(groups.map(async (group) => located(group, await standingsOf(group, abort.signal))));
    return checksOf(found.flat());
  } finally {
    abort.abort();
  }
}

/** Actions about which one target is asked in one go. */
interface Group {
  readonly acts: readonly Act[];
  readonly asker: Asker<Action> | undefined;
}

function groupsOf(acts: readonly Act[], askers: Askers): Group[] {
  const groups = new Map<string, Act[]>();
  for (const act of acts) {
    const { action, isOpen } = act;
    const key = JSON.stringify([action.kind, isOpen, askerOf(askers, action)?.placeOf(action)]);
    groups.set(key, [...(groups.get(key) ?? []), act]);
  }
  return [...groups.values()].map((some) => ({
    acts: some,
    asker: some[0] === undefined || some[0].isOpen ? undefined : askerOf(askers, some[0].action),
  }));
}

/** Each takes only its own kind of action; the key under which it is found is that kind. */
const askerOf = (askers: Askers, { kind }: Action): Asker<Action> | undefined => askers[kind] as Asker<Action> | undefined;

async function standingsOf({ acts, asker }: Group, abort: AbortSignal): Promise<readonly Standing[]> {
  const [first, ...others] = acts.map(({ action }) => action);
  const lines = [...new Set(acts.flatMap(({ action }) => needsOf(action).flatMap((need) => need.lines)))];
  if (first === undefined) return [];
  if (acts.some(({ isOpen }) => isOpen))
    return lines.map((line) => notAsked(line, 'which instances there are is known only while hale runs'));
  if (asker === undefined) return lines.map((line) => notAsked(line, 'only doing it would tell'));
  try {
    return await asker.ask([first, ...others], { timeoutMs: PATIENCE_MS, abort });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return lines.map((line) => ({ kind: 'unknown', line, why }));
  }
}

const notAsked = (line: string, why: string): Standing => ({ kind: 'notAsked', line, why });

/** What was found about one place, with whom it concerns. */
interface Located {
  readonly where: string;
  readonly standing: Standing;
  readonly right: Right | undefined;
}

/** Where `hale permissions` has the line. What is too much stands where the first line does. */
function located({ acts }: Group, standings: readonly Standing[]): Located[] {
  const rights = rightsOf(acts);
  return standings.map((standing) => {
    const right = standing.kind === 'tooMuch' ? undefined : rights.find(({ line }) => line === standing.line);
    return { where: (right ?? rights[0])?.where ?? '', standing, right };
  });
}

function checksOf(found: readonly Located[]): Check[] {
  const places = [...new Set(found.map(({ where }) => where))].toSorted((one, other) => one.localeCompare(other));
  return places.flatMap((where) => checksAt(where, distinct(found.filter((one) => one.where === where))));
}

/** The same line may be asked about on several ways. */
const distinct = (found: readonly Located[]): readonly Located[] => [
  ...new Map(found.map((one) => [JSON.stringify(one.standing), one])).values(),
];

function checksAt(where: string, found: readonly Located[]): Check[] {
  const granted = found.filter(({ standing }) => standing.kind === 'granted').length;
  const asWanted: Check = { name: where, result: 'ok', sentence: `hale has ${counted(granted, 'right')} that it needs`, command: null };
  const others = found.flatMap(({ standing, right }) => checkOf(where, standing, right));
  return [...(granted > 0 ? [asWanted] : []), ...others, ...silentChecks(where, found)];
}

function checkOf(name: string, standing: Standing, right: Right | undefined): Check[] {
  switch (standing.kind) {
    case 'granted':
    case 'notAsked':
    case 'unknown':
      return [];
    case 'tooMuch': {
      const sentence = `more than the configuration needs: ${standing.sentence}`;
      return [{ name, result: 'warning', sentence, command: standing.revoke ?? null }];
    }
    case 'missing': {
      const { line, why } = standing;
      const [because, whom] = [why === undefined ? '' : ` (${why})`, (right?.for ?? []).join(', ')];
      if (right?.kind === 'grant')
        return [{ name, result: 'trouble', sentence: `a grant is missing for ${whom}${because}`, command: line }];
      return [{ name, result: 'trouble', sentence: `missing for ${whom}${because}: ${line}`, command: null }];
    }
  }
}

/** What could not be asked for the same reason is one sentence. */
function silentChecks(name: string, found: readonly Located[]): Check[] {
  const silent = found.flatMap(({ standing }) => (standing.kind === 'notAsked' || standing.kind === 'unknown' ? [standing] : []));
  const reasons = [...new Set(silent.map(({ why }) => why))];
  return reasons.map((why) => {
    const about = silent.filter((one) => one.why === why);
    const lines = about.map(({ line }) => line).join(' | ');
    const result = about.some(({ kind }) => kind === 'unknown') ? 'unknown' : 'notAsked';
    return { name, result, sentence: `${why}: ${lines}`, command: null };
  });
}
