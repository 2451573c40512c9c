import { proxyActivities } from '@temporalio/workflow';
import type { Place } from '../contracts/activities.js';
import type { DryRun, DryRunActivities, DryRunOrder, DryStep, Surveyed } from '../contracts/dry-run.js';
import { dryRunOrder } from '../contracts/schemas.js';
import { gate, objections } from '../domain/gate.js';
import { planCorrections, type PlanStep } from '../domain/plan.js';
import type { CorrectionBrief } from '../domain/service.js';
import { invalidInput, readOrFail } from './read.js';

const EXAMPLE = '{"service":"shop","by":"ada"}';

const rehearse = proxyActivities<DryRunActivities>({
  startToCloseTimeout: '10m',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '2s', maximumAttempts: 5 },
});

type Known = Extract<Surveyed, { kind: 'known' }>;

/** The runbook of a cycle up to the gate, for every correction of the plan. Its activities can only read. */
export async function dryRun(raw: unknown, ...more: readonly unknown[]): Promise<DryRun> {
  const order: DryRunOrder = readOrFail(dryRunOrder, raw, EXAMPLE, more);
  const { service, instance } = order;
  const known = await rehearse.surveyService({ service, instance });
  if (known.kind === 'refused') throw invalidInput(`${known.sentence}; for example ${EXAMPLE}`);
  const place: Place = { service, instance, configVersion: known.configVersion };
  const about = { service, instance, configVersion: known.configVersion };
  if (order.correction !== undefined) return { ...about, steps: [await consider(place, known, named(known, order.correction))] };

  const seen = await rehearse.rehearseObservation(place);
  if (seen.kind !== 'broken') return { ...about, seen: { kind: seen.kind, sentence: seen.evidence }, steps: [] };
  const { diagnosis, records } = await rehearse.rehearseDiagnosis({ ...place, findings: seen.findings });
  const waits = diagnosis.brokenDependencies.length > 0;
  const plan = planCorrections(known.corrections, diagnosis, records, known.order);
  return {
    ...about,
    seen: { kind: waits ? 'waits' : 'broken', sentence: diagnosis.sentence },
    steps: await inTurn(plan, (step) => walk(place, known, step)),
  };
}

function named({ corrections }: Known, name: string): CorrectionBrief {
  const found = corrections.find((one) => one.name === name);
  if (found !== undefined) return found;
  const allowed = corrections.map((one) => one.name).join(', ') || 'none';
  throw invalidInput(`correction: ${name} is not configured, allowed: ${allowed}; for example ${EXAMPLE}`);
}

const walk = async (place: Place, known: Known, { kind, correction, why }: PlanStep): Promise<DryStep> =>
  kind === 'skip' ? { kind: 'skipped', correction: correction.name, why } : { why, ...(await consider(place, known, correction)) };

async function consider(place: Place, { incident }: Known, correction: CorrectionBrief): Promise<DryStep> {
  const rehearsed = await rehearse.rehearseCorrection({ ...place, correction: correction.name, incident });
  if (rehearsed.kind === 'notApplicable') return { kind: 'skipped', correction: correction.name, why: rehearsed.reason };
  const { kind: _, ...proposal } = rehearsed;
  const answer = gate(correction, rehearsed.facts);
  const others = objections(correction, rehearsed.facts).filter(({ rule }) => rule !== answer.rule);
  return { kind: 'considered', correction: correction.name, ...proposal, answer, objections: others };
}

/** One after the other, as a cycle would, so that targets are not looked at all at once. */
async function inTurn<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const one of all) results.push(await work(one));
  return results;
}
