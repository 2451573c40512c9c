import type { Found } from './check.js';
import type { Hale } from './hale.js';
import type { Kill } from './kills.js';
import type { Options } from './options.js';
import type { Person } from './person.js';
import { points } from './points.js';
import { kindOf } from './services.js';
import type { Settled } from './settle.js';
import type { TreeKill } from './tree-kills.js';

export interface Outcome {
  readonly options: Options;
  readonly kills: readonly Kill[];
  readonly treeKills: readonly TreeKill[];
  readonly settled: Settled;
  readonly askedTwice: readonly string[];
  readonly found: Found;
  readonly sees: { readonly double: boolean; readonly loss: boolean };
  readonly person: Pick<Person, 'approvals' | 'resumes'>;
  readonly hale: Pick<Hale, 'starts'>;
  readonly seconds: number;
}

/** A number that was measured beside its bound: at least, where it says how hard hale was hit; at most, where what broke. */
export interface Line {
  readonly value: number;
  readonly atLeast?: number;
  readonly atMost?: number;
}

export interface Summary {
  readonly seed: number;
  readonly seconds: number;
  readonly secondsToSettle: number;
  readonly approvals: number;
  readonly resumes: number;
  readonly starts: number;
  readonly acts: number;
  readonly breaks: number;
  /** How long services stayed broken that needed no approval, s: in the middle, and at most. */
  readonly broken: { readonly median: number; readonly max: number; readonly longest: string };
  readonly byRole: Readonly<Record<string, number>>;
  /** Whether hale was put to the test. */
  readonly hit: Readonly<Record<string, Line>>;
  /** Whether it stood it. */
  readonly broke: Readonly<Record<string, Line>>;
  readonly evidence: readonly string[];
}

/** Shares of all kills that must fall where it hurts; of 200: 120, 40 and 8. */
const shares = { openCycle: 0.9, openEffect: 0.6, ownCallOnWire: 0.2, point: 0.04 };

export function summaryOf(outcome: Outcome): Summary {
  const { options, kills, treeKills, found, settled, askedTwice, person, hale, seconds } = outcome;
  const byRole: Record<string, number> = {};
  for (const { role } of kills) byRole[role] = (byRole[role] ?? 0) + 1;
  return {
    seed: options.seed,
    seconds,
    secondsToSettle: settled.seconds,
    approvals: person.approvals,
    resumes: person.resumes,
    starts: hale.starts,
    acts: found.acts,
    breaks: found.mended.length,
    broken: brokenFor(found),
    byRole,
    hit: hit(outcome),
    broke: broke(outcome),
    evidence: [
      ...named(found).slice(0, 50),
      ...settled.stuck,
      ...askedTwice,
      ...treeKills.filter(({ ended, openCycles }) => ended < openCycles).map((one) => JSON.stringify(one)),
    ],
  };
}

/** Without those that waited for a person's decision. */
function brokenFor({ mended }: Found): Summary['broken'] {
  const alone = mended.filter(({ service }) => kindOf(service) !== 'ask');
  const [middle, longest] = [alone[Math.floor(alone.length / 2)], alone.at(-1)];
  return { median: middle?.seconds ?? Number.NaN, max: longest?.seconds ?? Number.NaN, longest: longest?.service ?? 'none' };
}

/** Each fault with its kind. */
const named = ({ doubled, lost, outranked, untrue, leftInForce, stranded, stuck }: Found): string[] =>
  Object.entries({ doubled, lost, outranked, untrue, leftInForce, stranded, stuck }).flatMap(([kind, faults]) =>
    faults.map((fault) => `${kind}: ${fault}`),
  );

function hit({ options, kills, treeKills, sees }: Outcome): Readonly<Record<string, Line>> {
  const atLeast = (share: number): number => Math.floor(share * options.kills);
  const count = (wanted: (kill: Kill) => boolean): number => kills.filter(wanted).length;
  const perPoint = points.map((point) => [
    point,
    { value: count((kill) => kill.points.includes(point)), atLeast: Math.max(1, atLeast(shares.point)) },
  ]);
  return {
    kills: { value: kills.length, atLeast: options.kills },
    openCycle: { value: count(({ openCycles }) => openCycles > 0), atLeast: atLeast(shares.openCycle) },
    openEffect: { value: count(({ openEffects }) => openEffects > 0), atLeast: atLeast(shares.openEffect) },
    ownCallOnWire: { value: count(({ ownCallOnWire }) => ownCallOnWire), atLeast: atLeast(shares.ownCallOnWire) },
    ...(options.kills === 0 ? {} : (Object.fromEntries(perPoint) as Record<string, Line>)),
    treeKills: { value: treeKills.filter(({ openCycles }) => openCycles >= 3).length, atLeast: options.treeKills },
    plantedDoubleSeen: { value: Number(sees.double), atLeast: 1 },
    plantedLossSeen: { value: Number(sees.loss), atLeast: 1 },
  };
}

function broke({ found, settled, askedTwice, treeKills }: Outcome): Readonly<Record<string, Line>> {
  const none = (list: readonly unknown[]): Line => ({ value: list.length, atMost: 0 });
  return {
    doubled: none(found.doubled),
    lost: none(found.lost),
    outranked: none(found.outranked),
    untrue: none(found.untrue),
    leftInForce: none(found.leftInForce),
    stranded: none(found.stranded),
    stuck: none([...found.stuck, ...settled.stuck]),
    askedTwice: none(askedTwice),
    cyclesLostWithTree: { value: treeKills.reduce((sum, { openCycles, ended }) => sum + openCycles - ended, 0), atMost: 0 },
  };
}

const isShort = ({ value, atLeast = 0 }: Line): boolean => value < atLeast;
const isOver = ({ value, atMost = Infinity }: Line): boolean => value > atMost;

/** 1: hale did not stand it. 9: it did, but was not hit hard enough for that to mean anything. */
export function exitCodeOf({ hit: was, broke: did }: Pick<Summary, 'hit' | 'broke'>): 0 | 1 | 9 {
  if (Object.values(did).some(isOver)) return 1;
  return Object.values(was).some(isShort) ? 9 : 0;
}

export function summaryText(summary: Summary): string {
  const lines = [
    ...Object.entries(summary.hit).map(([name, line]) => row(isShort(line) ? 'FEW' : 'ok', name, line.value, `at least ${line.atLeast}`)),
    ...Object.entries(summary.broke).map(([name, line]) => row(isOver(line) ? 'BROKE' : 'ok', name, line.value, `at most ${line.atMost}`)),
  ];
  const { acts, breaks, broken, seconds, secondsToSettle, seed, byRole, approvals, resumes } = summary;
  return [
    ...lines,
    ...summary.evidence.map((one) => `  ${one}`),
    `${breaks} breaks, ${acts} acts, ${approvals} approvals, ${resumes} resumes; killed ${JSON.stringify(byRole)}`,
    `a service that needs no approval stayed broken for ${broken.median.toFixed(1)} s in the middle, ${broken.max.toFixed(1)} s at most (${broken.longest})`,
    `settled ${secondsToSettle.toFixed(1)} s after the last kill; ${seconds.toFixed(0)} s in all, seed ${seed}`,
  ].join('\n');
}

const row = (word: string, name: string, value: number, bound: string): string =>
  `${word.padEnd(6)} ${name.padEnd(24)} ${String(value).padStart(5)} (${bound})`;
