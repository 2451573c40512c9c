import { median } from '../lab.js';
import type { Measured } from '../step.js';
import type { Tried } from './lane.js';
import { verdictOf, withLateAct, type Verdict } from './trial.js';

/** What a trial is about. `open`: the residual window of those that compare nothing. `planted`: somebody did act late. */
type Class = 'compares' | 'trusts' | 'open' | 'planted';

function classOf({ subject }: Tried): Class {
  if (subject.isPlanted === true) return 'planted';
  if (subject.fencedBy === 'target') return 'compares';
  return subject.isOpen === true ? 'open' : 'trusts';
}

const of = (tried: readonly Tried[], wanted: Class, ...kinds: readonly Verdict['kind'][]): Tried[] =>
  tried.filter((one) => classOf(one) === wanted && kinds.includes(verdictOf(one.trial).kind));
const valid = ['refused', 'late'] as const;

/** Whether both numbers of trials that show something are reached. */
export const isEnough = (tried: readonly Tried[], wanted: number): boolean =>
  (['compares', 'trusts'] as const).every((one) => of(tried, one, ...valid).length >= wanted);

export function measured(tried: readonly Tried[], wanted: number, leftOut: readonly string[]): Measured {
  const share = (one: Class, kind: Verdict['kind'] = 'refused'): string =>
    `${of(tried, one, kind).length} of ${of(tried, one, ...valid).length}`;
  const refused = of(tried, 'compares', 'refused');
  const windows = tried.flatMap(({ subject, windowMs }) => (subject.fencedBy === 'self' && windowMs !== undefined ? [windowMs] : []));
  const planted = of(tried, 'planted', ...valid);
  const found = of(tried, 'planted', 'late').length;
  const foundInCopies = refused.filter(({ trial }) => verdictOf(withLateAct(trial)).kind === 'late').length;
  return {
    value: [
      `targets that compare: ${share('compares')} refused (${kindsOf(refused)}); ${endsOf(refused)}`,
      `those that do not, frozen before the look: ${share('trusts')} refused; ${endsOf(of(tried, 'trusts', 'refused'))}`,
      `frozen after it: ${share('open', 'late')} acted late; ${endsOf(of(tried, 'open', 'refused'))}`,
      `residual window: median ${median(windows).toFixed(1)} ms, max ${Math.max(...windows).toFixed(1)} ms of ${windows.length} acts`,
      `late acts that were planted: ${found} of ${planted.length} found, ${foundInCopies} of ${refused.length} in copies`,
      ...leftOut.map((one) => `left out ${one}`),
    ].join('; '),
    ok: of(tried, 'compares', 'late').length + of(tried, 'trusts', 'late').length === 0,
    // A judge that does not see what was done late before its eyes is blind.
    hitEnough: isEnough(tried, wanted) && planted.length > 0 && found === planted.length && foundInCopies === refused.length,
    evidence: [...leftOut.map((one) => `left out: ${one}`), ...tried.map(lineOf)].join('\n'),
  };
}

const kindsOf = (tried: readonly Tried[]): string => counted(tried.map(({ subject }) => subject.kind));

/** How the frozen workers ended their acts, in their own words. */
const endsOf = (tried: readonly Tried[]): string => counted(tried.map(endOf));

const ends: readonly (readonly [RegExp, string])[] = [
  [/^the lease on /, 'lease lost'],
  [/Query read timeout/, 'gave up the look'],
  [/could not be asked within/, 'out of time'],
  [/changed since|changed meanwhile|is smaller than|was taken before|came too late|is gone/, 'told by the target'],
];

function endOf({ word, turnedAway = 0 }: Tried): string {
  if (turnedAway > 0) return 'told by the target';
  if (word === undefined) return 'called off without a word';
  return ends.find(([pattern]) => pattern.test(word))?.[1] ?? 'in other words';
}

function counted(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, count]) => `${word} ${count}`).join(', ');
}

function lineOf({ subject, moment, trial, word, turnedAway, windowMs }: Tried): string {
  const verdict = verdictOf(trial);
  return JSON.stringify({
    kind: subject.kind,
    service: subject.service,
    moment,
    verdict: verdict.kind,
    ...('why' in verdict && { why: verdict.why }),
    acts: trial.acts.map(({ at, fence }) => `${(at - trial.frozenAt).toFixed(0)} ms${fence === undefined ? '' : ` under ${fence}`}`),
    fence: trial.fence,
    frozenMs: trial.thawedAt - trial.frozenAt,
    word,
    turnedAway,
    windowMs,
  });
}
