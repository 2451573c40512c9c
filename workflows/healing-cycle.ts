import { ActivityFailure, allHandlersFinished, CancellationScope, condition, currentUpdateInfo, workflowInfo } from '@temporalio/workflow';
import type { Observation } from '../contracts/activities.js';
import type { CycleResult } from '../contracts/cycle.js';
import { cycleOrder } from '../contracts/schemas.js';
import type { Diagnosis } from '../domain/diagnosis.js';
import { objectiveOf } from '../domain/finding.js';
import { nextStep, planCorrections } from '../domain/plan.js';
import type { Outcome } from '../domain/outcome.js';
import { stormRefusal } from '../domain/storm.js';
import { check, linger, look, record, settle } from './activities.js';
import { isUntaken, untilOverdue } from './acting.js';
import { attemptCorrection } from './attempt.js';
import type { Refused } from './card.js';
import { Cycle } from './cycle.js';
import { openDesk, type Verify } from './desk.js';
import { invalidInput, readOrFail } from './read.js';

const EXAMPLE = '{"service":"shop","by":"ada","reason":"customers complain"}';
const ROUNDS_MAX = 3;
const DEPENDENCY_LOOK_MS = 15_000;

interface End {
  readonly outcome: Outcome;
  readonly sentence: string;
}

/** The runbook of one service: detect, diagnose, plan, gate, correct, validate; then learn, or roll back and choose again. */
export async function healingCycle(raw: unknown, ...more: readonly unknown[]): Promise<CycleResult> {
  const cycle = new Cycle();
  openDesk(cycle.desk, () => cycle.chart.state(), verify);
  cycle.begin(readOrFail(cycleOrder, raw, EXAMPLE, more));
  // Cancelling in the Temporal UI means abort; the undo it asks for must run although the workflow is cancelled.
  CancellationScope.current().cancelRequested.catch(() => cycle.desk.obey({ verb: 'abort', by: 'temporal cancel' }));
  return CancellationScope.nonCancellable(() => rounds(cycle));
}

/** The update's own id: the same for every delivery of one decision. */
const verify: Verify = async (decision, signature) => {
  const { workflowId, firstExecutionRunId: cycle } = workflowInfo();
  const updateId = currentUpdateInfo()?.id ?? '';
  try {
    return await check.verifyDecision({ workflowId, cycle, decision, signature, updateId });
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    return { kind: 'refused', sentence: 'nobody could check the signature in time; decide again' };
  }
};

/** A report that arrives while the cycle closes would be lost with it: it sends the cycle back to detect, a few times. */
async function rounds(cycle: Cycle): Promise<CycleResult> {
  let end: End | undefined;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    cycle.approved.clear(); // What was allowed once is asked for again.
    await open(cycle, round);
    const closed = await heal(cycle).catch((error: unknown) => brokenOff(cycle, error));
    end = end !== undefined && closed.outcome === 'notConfirmed' ? end : closed;
    await close(cycle, round, end);
    if (!cycle.desk.unseenReport || !worthAnotherLook(end.outcome, round)) break;
  }
  await condition(allHandlersFinished); // Whoever still waits for an answer gets one.
  const { outcome, sentence } = end ?? { outcome: 'notConfirmed', sentence: 'no round was run' };
  return { incident: cycle.inIncident().incident, outcome, sentence, attempts: cycle.acted };
}

/**
 * After these a symptom that is reported again is hale's to look at; after the others it is a person's. What the policy
 * refused it may allow a moment later, when somebody lifted a stop and reports: that is looked at once.
 */
function worthAnotherLook(outcome: Outcome, round: number): boolean {
  return ['healed', 'prevented', 'recoveredAlone', 'notConfirmed'].includes(outcome) || (outcome === 'refused' && round === 0);
}

/** A step that failed for good is a person's to look at. Whatever it left in force stays listed, and the next cycle settles it. */
async function brokenOff(cycle: Cycle, error: unknown): Promise<End> {
  if (!(error instanceof ActivityFailure)) throw error;
  return callPerson(cycle, 'escalated', `${error.activityType} failed: ${error.cause?.message ?? error.message}`);
}

async function heal(cycle: Cycle): Promise<End> {
  const { desk, chart } = cycle;
  const tried: string[] = [];
  const failed: string[] = [];
  const refusals: Refused[] = [];
  const overdue = callPersonWhenOverdue(cycle);
  try {
    const stranded = await settleLeftovers(cycle);
    if (stranded !== undefined) return callPerson(cycle, 'stranded', stranded);
    for (let looks = 0; ; looks += 1) {
      if (desk.wish) return endedBy(cycle);
      if (await desk.waitedForResume(cycle.limits.pauseMsMax)) continue;

      const seen = await detect(cycle);
      if (seen === undefined) return endedBy(cycle);
      if (seen.kind === 'noData') return callPerson(cycle, 'escalated', `nothing can be measured: ${seen.evidence}`);
      if (seen.kind === 'clear') return { outcome: looks === 0 ? 'notConfirmed' : 'recoveredAlone', sentence: seen.evidence };

      chart.enter('diagnose', `broken: ${cycle.broken.join(', ')}`);
      const { diagnosis, records, storm } = await look.diagnoseService({ ...cycle.place(), cycle: cycle.id, findings: seen.findings });
      const blocked = blockedBy(diagnosis);
      // People were called once for all of them: waiting here would end in a call, and a hold, of every member.
      if (blocked !== undefined && storm !== undefined) return { outcome: 'refused', sentence: stormRefusal(storm) };
      if (blocked !== undefined && cycle.isOverdue()) return callPerson(cycle, 'escalated', blocked);
      if (blocked !== undefined) {
        chart.say(blocked);
        await desk.quiet(DEPENDENCY_LOOK_MS);
        continue;
      }

      const plan = planCorrections(cycle.corrections, diagnosis, records, cycle.planOrder);
      const step = nextStep(plan, tried);
      if (step === undefined)
        return nothingLeft(
          cycle,
          refusals.map(({ sentence }) => sentence),
        );

      const attempt = await attemptCorrection(cycle, step, diagnosis, { records, failed, refused: refusals });
      switch (attempt.kind) {
        case 'held':
          return { outcome: step.correction.provider === 'wait' ? 'recoveredAlone' : 'healed', sentence: attempt.sentence };
        case 'callPerson':
          return callPerson(cycle, attempt.outcome, attempt.sentence);
        case 'ended':
          return endedBy(cycle);
        case 'lookAgain':
          continue;
        case 'coolsDown':
          chart.say(`${attempt.sentence}: waiting ${Math.ceil(attempt.ms / 1000)}s`);
          await desk.patience(attempt.ms);
          continue;
        case 'failed':
          failed.push(attempt.sentence);
          tried.push(step.correction.name);
          continue;
        case 'refused':
          if (attempt.refusesAll) return nothingLeft(cycle, [attempt.sentence]);
          tried.push(step.correction.name);
          refusals.push({ correction: step.correction.name, sentence: attempt.sentence });
          continue;
      }
    }
  } finally {
    overdue.done();
  }
}

/** What an earlier, ended cycle left half done would blur everything that is measured. Answers what is for a person, if anything is. */
async function settleLeftovers(cycle: Cycle): Promise<string | undefined> {
  const stranded: string[] = [];
  for (const { privilege, count } of cycle.leftovers) {
    cycle.chart.enter('detect', `settling what an earlier cycle left half done: ${count} ${count === 1 ? 'effect' : 'effects'}`);
    const order = { ...cycle.place(), cycle: cycle.id, privilege };
    const settled = await cycle.desk.interruptible(() =>
      untilOverdue(cycle, privilege, () => settle(privilege, cycle.limits).settleEffects(order)),
    );
    if (settled === undefined) continue;
    if (isUntaken(settled)) stranded.push(`what an earlier cycle left half done is not settled: ${settled.reason}`);
    else stranded.push(...settled.stranded);
  }
  return stranded.length === 0 ? undefined : stranded.join('; ');
}

/** A report is a hint, never a fact: the cycle measures for itself. undefined when a person ended it first. */
async function detect(cycle: Cycle): Promise<Observation | undefined> {
  const { service, finding } = cycle.order;
  cycle.chart.enter('detect', `measuring ${service} again`);
  cycle.desk.look();
  const seen = await cycle.desk.interruptible(() => linger.observeService({ ...cycle.place(), objective: objectiveOf(finding) }));
  cycle.symptomStands = seen?.kind === 'broken';
  if (seen?.kind === 'broken') cycle.broken = seen.findings.map(({ objective }) => objective);
  return seen;
}

/** A service whose dependency is broken is not at fault itself, and correcting it would help nobody. */
function blockedBy({ brokenDependencies }: Diagnosis): string | undefined {
  return brokenDependencies.length > 0 ? `waiting for ${brokenDependencies.join(', ')}, which this service depends on` : undefined;
}

async function open(cycle: Cycle, round: number): Promise<void> {
  const { workflowId } = workflowInfo();
  const opened = await look.openIncident({ cycle: cycle.id, workflowId, round, order: cycle.order });
  if (opened.kind === 'refused') throw invalidInput(`${opened.sentence}; for example ${EXAMPLE}`);
  cycle.opened(opened);
}

async function close(cycle: Cycle, round: number, { outcome, sentence }: End): Promise<void> {
  cycle.chart.closed(outcome, sentence);
  await cycle.minutes.written();
  await record.closeIncident({ ...cycle.inIncident(), cycle: cycle.id, round, outcome, sentence });
}

async function callPerson(cycle: Cycle, outcome: 'escalated' | 'stranded', sentence: string): Promise<End> {
  await record.callPerson({ ...cycle.inIncident(), key: `${cycle.id}/${outcome}/${cycle.attempts}`, why: outcome, sentence });
  return { outcome, sentence };
}

/** Refused when policy alone kept hale from acting; escalated when it acted and nothing helped. */
function nothingLeft(cycle: Cycle, refusals: readonly string[]): End | Promise<End> {
  const { acted } = cycle;
  if (acted === 0 && refusals.length > 0) return { outcome: 'refused', sentence: refusals.join('; ') };
  return callPerson(cycle, 'escalated', acted === 0 ? 'no correction applies' : noneHeld(acted));
}

const noneHeld = (acted: number): string =>
  acted === 1 ? '1 correction was tried and did not hold' : `${acted} corrections were tried and none held`;

function endedBy({ desk }: Cycle): End {
  const sentence = `${desk.wish?.kind} by ${desk.wish?.by}${desk.wish?.reason ? `: ${desk.wish.reason}` : ''}`;
  return { outcome: desk.wish?.kind === 'takeOver' ? 'takenOver' : 'aborted', sentence };
}

/** A symptom that still stands `escalateAfter` from its onset calls a person, whatever hale is trying. */
function callPersonWhenOverdue(cycle: Cycle): { done(): void } {
  let done = false;
  const { escalateAfterMs } = cycle.limits;
  const left = Math.min(escalateAfterMs, Math.max(1, cycle.onset + escalateAfterMs - Date.now()));
  const overdue = async (): Promise<void> => {
    if (await condition(() => done, left)) return;
    await condition(() => done || cycle.symptomStands);
    if (done) return;
    const sentence = `the symptom still stands ${escalateAfterMs / 1000}s after its onset; hale goes on`;
    await record.callPerson({
      ...cycle.inIncident(),
      key: `${cycle.inIncident().incident}/overdue/${cycle.onset}`,
      why: 'overdue',
      sentence,
    });
  };
  void overdue();
  return { done: () => void (done = true) };
}
