import { busySentence, cooldownLeftMs, refusesAll, type GateAnswer, type GateRule } from '../domain/gate.js';
import type { Prepared } from '../contracts/activities.js';
import type { CorrectionBrief } from '../domain/service.js';
import { look, record } from './activities.js';
import type { Cycle } from './cycle.js';

/** How one attempt ended, as far as the runbook cares. */
export type Attempt =
  | { readonly kind: 'held'; readonly sentence: string }
  /** Nothing of it is left in force; the next correction may be tried. */
  | { readonly kind: 'failed'; readonly sentence: string }
  | { readonly kind: 'refused'; readonly sentence: string; readonly refusesAll: boolean }
  /** Time has passed: look again before deciding anything. */
  | { readonly kind: 'lookAgain' }
  /** It acted a moment ago and may soon act again; a correction further down the plan would fit the symptom less. */
  | { readonly kind: 'coolsDown'; readonly ms: number; readonly sentence: string }
  | { readonly kind: 'callPerson'; readonly outcome: 'escalated' | 'stranded'; readonly sentence: string }
  /** A person ended the cycle; what was in force has been undone, or left, as they said. */
  | { readonly kind: 'ended' };

export type Proposal = Extract<Prepared, { kind: 'proposal' }>;

const LOOK_MS = 10_000;
/** Others are at work, and what they do may be over soon or help here too. */
const passes: readonly GateRule[] = ['busy', 'upstream', 'atOnce', 'minHealthy'];

/** What becomes of a correction that the policy refuses now. */
export async function refuse(cycle: Cycle, correction: CorrectionBrief, proposal: Proposal, answer: GateAnswer): Promise<Attempt> {
  const { sentence, rule } = answer;
  await note(cycle, correction, proposal, answer);
  const ms = rule === 'cooldown' ? cooldownLeftMs(correction, proposal.facts) : LOOK_MS;
  if ((rule === 'cooldown' || passes.includes(rule)) && !cycle.isOverdue(ms)) return { kind: 'coolsDown', ms, sentence };
  // Relapse after relapse in one incident: each cycle found a correction that held, and nobody else would ever hear of it.
  if (rule === 'attempts' || rule === 'busy') return { kind: 'callPerson', outcome: 'escalated', sentence };
  if (rule === 'levelSuggest') await tell(cycle, proposal, 'suggestion', suggestion(correction, proposal));
  if (rule === 'frozen') await tell(cycle, proposal, 'frozen', sentence);
  return { kind: 'refused', sentence, refusesAll: refusesAll(rule) };
}

/** Another cycle acts on the same thing: what it does may help here too, and a correction further down would fit less. */
export async function busy(cycle: Cycle, correction: CorrectionBrief, proposal: Proposal, reason: string): Promise<Attempt> {
  return refuse(cycle, correction, proposal, { kind: 'refuse', rule: 'busy', sentence: busySentence(correction.name, reason) });
}

/** Others have begun since the policy looked: it looks again, and says what is now the case. */
export async function noRoom(cycle: Cycle, correction: CorrectionBrief, proposal: Proposal, reason: string): Promise<Attempt> {
  cycle.chart.say(`${correction.name} was not begun: ${reason}`);
  await note(cycle, correction, proposal, { kind: 'refuse', rule: 'budget', sentence: reason }, 'room');
  return { kind: 'lookAgain' };
}

const note = (cycle: Cycle, { name }: CorrectionBrief, { actionId }: Proposal, answer: GateAnswer, key = 'gate'): Promise<void> =>
  look.recordAnswer({ ...cycle.inIncident(), key: `${actionId}/${key}`, correction: name, answer });

/** People hear of it, and the cycle goes on. Once for each proposal of an incident, however often the cycle comes back to it. */
export const tell = (cycle: Cycle, { proposal }: Proposal, why: 'suggestion' | 'frozen' | 'told', sentence: string): Promise<void> =>
  record.callPerson({ ...cycle.inIncident(), key: `${cycle.inIncident().incident}/${why}/${proposal}`, why, sentence });

const suggestion = ({ name }: CorrectionBrief, { before, goal }: Proposal): string =>
  `hale suggests ${name}; now: ${before}${goal === undefined ? '' : `; then: ${goal}`}`;
