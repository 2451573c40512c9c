import type { ValidateHold } from '../contracts/activities.js';
import { gate, type GateAnswer } from '../domain/gate.js';
import type { Diagnosis } from '../domain/diagnosis.js';
import type { PlanStep } from '../domain/plan.js';
import { privilegeOf } from '../domain/privilege.js';
import type { CorrectionBrief } from '../domain/service.js';
import type { Verdict } from '../domain/verdict.js';
import { apply, isUntaken, untilOverdue } from './acting.js';
import { act, linger, look, record } from './activities.js';
import { cardOf, UNDO, type Walked } from './card.js';
import type { Cycle } from './cycle.js';
import { busy, noRoom, refuse, tell, type Attempt, type Proposal } from './refusal.js';

/** One correction: prepare its undo, ask the gate, act, validate; then keep it, or take it back. */
export async function attemptCorrection(cycle: Cycle, step: PlanStep, diagnosis: Diagnosis, walked: Walked): Promise<Attempt> {
  const { correction } = step;
  const number = cycle.nextAttempt();
  cycle.chart.enter('gate', `${correction.name}: ${step.why}`, { number, correction: correction.name });
  const prepared = await look.prepareCorrection({ ...cycle.inIncident(), cycle: cycle.id, attempt: number, correction: correction.name });
  if (prepared.kind === 'notApplicable') return { kind: 'failed', sentence: `${correction.name}: ${prepared.reason}` };

  const answer = gate(correction, prepared.facts);
  if (answer.kind === 'refuse') return refuse(cycle, correction, prepared, answer);
  if (answer.kind === 'ask' && !cycle.approved.has(prepared.proposal)) return ask(cycle, step, prepared, answer, walked);
  if (cycle.desk.paused || cycle.desk.wish) return { kind: 'lookAgain' };

  cycle.chart.enter('correct', `doing ${correction.name}; before: ${prepared.before}`);
  const approvedBy = cycle.approved.get(prepared.proposal);
  const permission = approvedBy === undefined ? answer.sentence : `approved by ${approvedBy}, proposal ${prepared.proposal}`;
  const acting = prepared.facts.blast?.acting;
  const applied = await apply(cycle, correction, {
    actionId: prepared.actionId,
    permission,
    answer,
    ...(acting === undefined ? {} : { acting }),
  });
  if (applied.kind === 'untaken') return untaken(cycle, correction, applied.reason);
  if (applied.kind === 'busy') return busy(cycle, correction, prepared, applied.reason);
  if (applied.kind === 'noRoom') return noRoom(cycle, correction, prepared, applied.reason);
  // Between the gate and the act somebody set a switch: that is the policy's to say, not a correction that failed.
  if (applied.kind === 'notPermitted' && cycle.mayLookAgain()) return { kind: 'lookAgain' };
  if (applied.kind === 'notPermitted' || applied.kind === 'notApplied')
    return { kind: 'failed', sentence: `${correction.name} was not done: ${applied.reason}` };
  cycle.acted += 1;
  if (applied.kind === 'unknown') return unknown(cycle, correction, prepared, diagnosis, applied.reason);

  const verdict = await validate(cycle, correction, prepared.actionId, cycle.broken);
  const end = await conclude(cycle, correction, prepared.actionId, diagnosis, verdict);
  if (answer.rule === 'levelTell') await tell(cycle, prepared, 'told', `hale did ${correction.name}: ${saidOf(end)}`);
  return end;
}

const saidOf = (end: Attempt): string => ('sentence' in end ? end.sentence : 'a person ended the cycle');

/** An ask is itself a call. A yes is for this very proposal: the cycle looks again, and acts only if it still stands. */
async function ask(cycle: Cycle, step: PlanStep, proposal: Proposal, answer: GateAnswer, walked: Walked): Promise<Attempt> {
  const { correction } = step;
  const then = proposal.goal === undefined ? '' : ` then: ${proposal.goal};`;
  const sentence = `${correction.name}, which ${UNDO[correction.undo]}; now: ${proposal.before};${then} ${answer.sentence}`;
  await look.recordAnswer({ ...cycle.inIncident(), key: `${proposal.actionId}/gate`, correction: correction.name, answer });
  await record.callPerson({
    ...cycle.inIncident(),
    key: `${proposal.actionId}/ask`,
    why: 'ask',
    sentence: `${proposal.proposal}: ${sentence}`,
    ask: cardOf(cycle, step, proposal, walked),
  });
  cycle.chart.enter('approve', sentence);
  const decision = await cycle.desk.decisionOn({
    proposal: proposal.proposal,
    correction: correction.name,
    sentence,
    expiresAt: Date.now() + cycle.limits.approvalExpiryMs,
    needsHash: correction.undo === 'loses' || correction.undo === 'irreversible',
    rules: correction.approvals,
    startedBy: cycle.order.by,
    yes: [],
  });
  switch (decision.kind) {
    case 'approved':
      // While paused this stands for long: nobody is to be asked again for what was decided.
      cycle.chart.say(`${correction.name} was approved by ${decision.by}; hale looks again before it acts`);
      cycle.approved.set(proposal.proposal, decision.by);
      return { kind: 'lookAgain' };
    case 'interrupted':
      return { kind: 'lookAgain' };
    case 'rejected':
      return { kind: 'refused', sentence: `${correction.name} was rejected by ${decision.by}`, refusesAll: false };
    case 'expired':
      return { kind: 'callPerson', outcome: 'escalated', sentence: `nobody decided on ${correction.name} in time` };
  }
}

/** Whoever said yes said it to what was the case then: hale looks again, for as long as the symptom may stand without a person. */
function untaken(cycle: Cycle, correction: CorrectionBrief, reason: string): Attempt {
  const sentence = `${correction.name} was not done: ${reason}`;
  cycle.chart.say(sentence);
  return cycle.isOverdue() ? { kind: 'callPerson', outcome: 'escalated', sentence } : { kind: 'lookAgain' };
}

async function unknown(
  cycle: Cycle,
  correction: CorrectionBrief,
  proposal: Proposal,
  diagnosis: Diagnosis,
  reason: string,
): Promise<Attempt> {
  const verdict: Verdict = { kind: 'noData', evidence: reason };
  await learn(cycle, correction, proposal.actionId, diagnosis, verdict, false);
  return { kind: 'callPerson', outcome: 'escalated', sentence: `nobody can tell whether ${correction.name} happened: ${reason}` };
}

/** undefined when a person ended the cycle first. */
async function validate(
  cycle: Cycle,
  correction: CorrectionBrief,
  actionId: string,
  broken: readonly string[],
): Promise<Verdict | undefined> {
  const { desk, chart } = cycle;
  chart.enter('validate', `waiting up to ${correction.settleMs / 1000}s for the symptom to go`);
  const where = { ...cycle.place(), actionId, broken };
  desk.look();
  const recovery = await desk.interruptible(() => linger.awaitRecovery({ ...where, settleMs: correction.settleMs }));
  if (recovery === undefined || recovery.kind !== 'recovered') return recovery;

  cycle.symptomStands = false;
  chart.say(`the symptom is gone; it must stay away for ${correction.holdMs / 1000}s`);
  return hold(cycle, { ...where, from: recovery.at }, correction.holdMs);
}

/**
 * The hold window. A report ends the wait early but not the window. A window that saw too little is held once more, and
 * one that ends in doubt is made twice as long: what is in doubt then has not stayed away.
 */
async function hold(cycle: Cycle, input: ValidateHold, holdMs: number): Promise<Verdict | undefined> {
  // The wait is by the workflow's clock, the readings by the clock of whoever took them: the two may differ.
  let { from } = input;
  let until = Date.now() + holdMs;
  for (let isSecond = false; ;) {
    const woken = await cycle.desk.quiet(until - Date.now());
    if (woken === 'wish') return undefined;
    cycle.desk.look();
    const verdict = await look.validateHold({ ...input, from });
    if (cycle.desk.wish) return undefined;
    cycle.symptomStands = verdict.kind === 'unchanged';
    if (verdict.kind === 'unchanged' || verdict.kind === 'worse') return verdict;
    if (woken === 'report') continue;
    if (verdict.kind === 'held') return verdict;
    if (isSecond) return verdict.kind === 'inDoubt' ? { ...verdict, kind: 'unchanged' } : verdict;
    isSecond = true;
    if (verdict.kind === 'noData') from += holdMs;
    until = Date.now() + holdMs;
  }
}

async function conclude(
  cycle: Cycle,
  correction: CorrectionBrief,
  actionId: string,
  diagnosis: Diagnosis,
  verdict: Verdict | undefined,
): Promise<Attempt> {
  if (verdict === undefined) return endedByPerson(cycle, correction, actionId);
  if (verdict.kind === 'held') {
    await learn(cycle, correction, actionId, diagnosis, verdict, false);
    return { kind: 'held', sentence: `${correction.name} held: ${verdict.evidence}` };
  }
  if (verdict.kind === 'noData') {
    await learn(cycle, correction, actionId, diagnosis, verdict, false);
    return {
      kind: 'callPerson',
      outcome: 'escalated',
      sentence: `${correction.name} is in force, but nothing can be measured: ${verdict.evidence}`,
    };
  }
  const back = await takeBack(cycle, correction, actionId, `${verdict.kind}: ${verdict.evidence}`);
  await learn(cycle, correction, actionId, diagnosis, verdict, back.kind === 'undone');
  if (back.kind === 'callPerson') return back;
  return { kind: 'failed', sentence: `${correction.name} did not help (${verdict.kind}): ${verdict.evidence}` };
}

async function endedByPerson(cycle: Cycle, correction: CorrectionBrief, actionId: string): Promise<Attempt> {
  if (cycle.desk.wish?.kind === 'takeOver') return { kind: 'ended' };
  const back = await takeBack(cycle, correction, actionId, `aborted by ${cycle.desk.wish?.by ?? 'a person'}`);
  return back.kind === 'callPerson' ? back : { kind: 'ended' };
}

/** `left`: there is nothing to bring back, or a person took over and leaves it as it is. */
type TakenBack = { readonly kind: 'undone' | 'left' } | Extract<Attempt, { kind: 'callPerson' }>;

/** Undoes what can be undone. */
async function takeBack(cycle: Cycle, correction: CorrectionBrief, actionId: string, why: string): Promise<TakenBack> {
  if (correction.undo !== 'restores') return { kind: 'left' };
  await cycle.desk.waitedForResume(cycle.limits.pauseMsMax);
  if (cycle.desk.wish?.kind === 'takeOver') return { kind: 'left' };
  cycle.chart.enter('rollback', `undoing ${correction.name}: ${why}`);
  const undo = await untilOverdue(cycle, privilegeOf(correction.provider), () =>
    act(correction.provider, cycle.limits).undoCorrection({ actionId, why }),
  );
  if (isUntaken(undo)) return { kind: 'callPerson', outcome: 'stranded', sentence: `${correction.name} is not undone yet: ${undo.reason}` };
  return undo.kind === 'undone'
    ? { kind: 'undone' }
    : { kind: 'callPerson', outcome: 'stranded', sentence: `${correction.name} could not be undone: ${undo.reason}` };
}

function learn(
  cycle: Cycle,
  correction: CorrectionBrief,
  actionId: string,
  { pattern }: Diagnosis,
  verdict: Verdict,
  undone: boolean,
): Promise<void> {
  return look.learnLesson({ ...cycle.inIncident(), actionId, correction: correction.name, pattern, verdict, undone });
}
