import { formatDuration } from './duration.js';
import { tooFewHealthy, tooManyAtOnce } from './gate/blast.js';
import { spent } from './gate/budget.js';
import { tooLittleLeft } from './gate/error-budget.js';
import type { GateFacts } from './gate/facts.js';
import type { CorrectionBrief } from './service.js';
import { stormRefusal } from './storm.js';

export type { GateFacts };

/** The answer for one correction now. The rule's name is decision, label and metric in one word. */
export type GateAnswer =
  | { readonly kind: 'act'; readonly rule: GateRule; readonly sentence: string }
  | { readonly kind: 'ask'; readonly rule: GateRule; readonly sentence: string }
  | { readonly kind: 'refuse'; readonly rule: GateRule; readonly sentence: string };

/** In the order in which they decide. */
export type GateRule =
  | 'stop'
  | 'paused'
  | 'held'
  | 'ownGround'
  | 'storm'
  | 'upstream'
  | 'notYetActive'
  | 'withdrawn'
  | 'owner'
  | 'attempts'
  | 'frozen'
  | 'rejected'
  | 'maintenance'
  | 'outsideWindow'
  | 'silence'
  | 'rollout'
  | 'person'
  | 'atOnce'
  | 'minHealthy'
  | 'budget'
  /** Said here, and again by the lease at the moment of acting. */
  | 'busy'
  | 'cooldown'
  | 'levelRecord'
  | 'levelSuggest'
  | 'modeObserve'
  | 'irreversible'
  | 'levelAsk'
  | 'levelTell'
  | 'errorBudget'
  | 'modeAsk'
  | 'modeAct';

type Rule = readonly [rule: GateRule, says: (correction: CorrectionBrief, facts: GateFacts) => string | undefined];

/** Each speaks for itself and knows nothing of the others, so that one more reason never allows more. */
const refusals: readonly Rule[] = [
  ['stop', (_, { stopped }) => (stopped ? 'automation is stopped: nothing is changed until `hale resume --all`' : undefined)],
  ['paused', (_, { paused }) => paused && `paused by ${paused.by}`],
  ['held', (_, { held }) => held && `held since a cycle ended ${held.outcome}: a person resumes it`],
  ['ownGround', ({ name }, { ownGround }) => ownGround && `${name} would act on hale's own ${ownGround}, which hale only observes`],
  ['storm', (_, { storm }) => storm && stormRefusal(storm)],
  [
    'upstream',
    (_, { upstream = [] }) => upstream[0] && `${upstream[0].service} is healed first (${upstream[0].incident}): this service depends on it`,
  ],
  [
    'notYetActive',
    ({ name, provider }) => (provider === 'inactive' ? `${name} needs a provider that this version does not have` : undefined),
  ],
  [
    'withdrawn',
    ({ name }, { withdrawn }) => (withdrawn ? `${name} is not in the configuration any more: what was taken out is not done` : undefined),
  ],
  ['owner', ({ name }, { owner }) => owner && `${owner} owns what ${name} would change: correct it through ${owner}`],
  ['attempts', (_, { attempts, attemptsMax }) => (attempts >= attemptsMax ? `${attempts} of ${attemptsMax} attempts are used` : undefined)],
  ['frozen', (_, { frozen }) => frozen && frozenSentence(frozen)],
  ['rejected', ({ name }, { rejected }) => rejected && `${name} was rejected by ${rejected.by} and would do the same again`],
  ['maintenance', (_, { maintenance = [] }) => maintenance[0] && `maintenance window ${maintenance[0]} is open: people work here`],
  [
    'outsideWindow',
    (_, { outsideWindows = [] }) => outsideWindows[0] && `changes are made only in the window ${outsideWindows[0]}, which is closed`,
  ],
  [
    'silence',
    (_, { silence }) => silence && `${silence.by} silenced its alerts until ${timeText(silence.until)}: ${silence.comment || 'no comment'}`,
  ],
  ['rollout', (_, { rollout }) => rollout && `${rollout.what} is being rolled out since ${timeText(rollout.since)}`],
  ['person', (_, { person }) => person && `${person.by} ${person.what}`],
  ['atOnce', (_, { blast }) => tooManyAtOnce(blast)],
  ['minHealthy', (_, { blast }) => tooFewHealthy(blast)],
  ['budget', (_, { budgets }) => spent(budgets)],
  ['busy', ({ name }, { busy }) => busy && busySentence(name, `${busy.resource} is being acted upon by cycle ${busy.by}`)],
  [
    'cooldown',
    (correction, facts) =>
      cooldownLeftMs(correction, facts) > 0 ? `${correction.name} acted less than ${correction.cooldownMs / 1000}s ago` : undefined,
  ],
  ['levelRecord', ({ name }, { level }) => (level === 0 ? `level 0: hale would have done ${name}` : undefined)],
  ['levelSuggest', ({ name }, { level }) => (level === 1 ? `level 1: hale suggests ${name}, and a person does it` : undefined)],
  [
    'modeObserve',
    ({ name, mode }, { modeNow }) => ([mode, modeNow].includes('observe') ? `mode observe: hale would have done ${name}` : undefined),
  ],
];

const asks: readonly Rule[] = [
  ['irreversible', ({ name, undo }) => (undo === 'irreversible' ? `${name} can't be undone: a person decides` : undefined)],
  ['levelAsk', ({ name }, { level }) => (level === 2 ? `level 2: a person decides on ${name}` : undefined)],
  [
    'levelTell',
    ({ name, undo }, { level }) =>
      level === 3 && undo === 'loses' ? `level 3: a person decides on ${name}, because something is lost for ever` : undefined,
  ],
  ['errorBudget', ({ undo }, { errorBudget }) => (undo === 'loses' ? tooLittleLeft(errorBudget) : undefined)],
  ['modeAsk', ({ name, mode }, { modeNow }) => ([mode, modeNow].includes('ask') ? `mode ask: a person decides on ${name}` : undefined)],
];

/** Decides by the first rule that applies; refusals come first, so adding a reason to refuse never allows more. */
export function gate(correction: CorrectionBrief, facts: GateFacts): GateAnswer {
  return first('refuse', refusals, correction, facts) ?? first('ask', asks, correction, facts) ?? act(correction, facts);
}

/** Every rule that speaks against acting now, the one that decides first. */
export function objections(correction: CorrectionBrief, facts: GateFacts): GateAnswer[] {
  const said = (kind: 'refuse' | 'ask', rules: readonly Rule[]): GateAnswer[] =>
    rules.flatMap((rule) => first(kind, [rule], correction, facts) ?? []);
  return [...said('refuse', refusals), ...said('ask', asks)];
}

function first(kind: 'refuse' | 'ask', rules: readonly Rule[], correction: CorrectionBrief, facts: GateFacts): GateAnswer | undefined {
  for (const [rule, says] of rules) {
    const sentence = says(correction, facts);
    if (sentence !== undefined) return { kind, rule, sentence: withUnknown(sentence, kind === 'ask' ? facts.notKnown : undefined) };
  }
  return undefined;
}

function act({ name }: CorrectionBrief, { level, notKnown }: GateFacts): GateAnswer {
  if (level === 3)
    return { kind: 'act', rule: 'levelTell', sentence: withUnknown(`level 3: ${name} may be done, and people are told`, notKnown) };
  return { kind: 'act', rule: 'modeAct', sentence: withUnknown(`mode act: ${name} may be done`, notKnown) };
}

/** Whoever approves or reads of an action must know what nobody could look up. */
const withUnknown = (sentence: string, notKnown: readonly string[] = []): string => [sentence, ...notKnown].join('; ');

/** Refusals that hold for every correction of the service alike: there is no use in trying the next one. */
export const refusesAll = (rule: GateRule): boolean => ofTheService.includes(rule);

const ofTheService: readonly GateRule[] = [
  'stop',
  'paused',
  'held',
  'storm',
  'attempts',
  'maintenance',
  'outsideWindow',
  'silence',
  'rollout',
  'person',
];

/** How long until this correction may act again, in ms; 0 when it may. */
export const cooldownLeftMs = (correction: CorrectionBrief, { lastAppliedAt, now }: GateFacts): number =>
  lastAppliedAt === undefined ? 0 : Math.max(0, lastAppliedAt + correction.cooldownMs - now);

export const busySentence = (correction: string, reason: string): string => `${correction} has to wait: ${reason}`;

export const frozenSentence = ({ resource, reversals, withinMs, until }: NonNullable<GateFacts['frozen']>): string =>
  `${resource} was turned back ${reversals} times within ${formatDuration(withinMs)}: only a person touches it until ${timeText(until)}`;

/** `2026-11-28T12:00:00Z`; a Date is only its number here, and no clock. */
const timeText = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
