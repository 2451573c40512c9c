import { sleep, workflowInfo } from '@temporalio/workflow';
import type { CycleOrder } from '../../../contracts/cycle.js';
import { objectiveOf } from '../../../domain/finding.js';
import { act, linger, look, record } from '../../../workflows/activities.js';

/** The happy path of a cycle without messages, details, attributes, pauses or escalation: same activities, inputs, options, timer. */
export async function plainCycle(order: CycleOrder): Promise<unknown> {
  const { firstExecutionRunId: cycle, workflowId } = workflowInfo();
  const opened = await look.openIncident({ cycle, workflowId, round: 0, order });
  if (opened.kind !== 'open') return opened;
  const place = { service: order.service, configVersion: opened.configVersion };
  const inIncident = { ...place, incident: opened.incident };
  const seen = await linger.observeService({ ...place, objective: objectiveOf(order.finding) });
  if (seen.kind !== 'broken') return seen;
  const broken = seen.findings.map(({ objective }) => objective);
  const { diagnosis } = await look.diagnoseService({ ...place, cycle, findings: seen.findings });
  const correction = opened.corrections[0]!;
  const { name } = correction;
  const prepared = await look.prepareCorrection({ ...inIncident, cycle, attempt: 1, correction: name });
  if (prepared.kind !== 'proposal') return prepared;
  const { actionId } = prepared;
  const answer = { kind: 'act', rule: 'modeAct', sentence: `mode act: ${name} may be done` } as const;
  const applied = await act('exec', opened.limits).applyCorrection({ actionId, permission: answer.sentence, answer });
  if (applied.kind !== 'applied') return applied;
  const recovery = await linger.awaitRecovery({ ...place, actionId, broken, settleMs: correction.settleMs });
  if (recovery.kind !== 'recovered') return recovery;
  await sleep(correction.holdMs);
  const verdict = await look.validateHold({ ...place, actionId, broken, from: recovery.at });
  if (verdict.kind === 'inDoubt') return verdict;
  await look.learnLesson({ ...inIncident, actionId, correction: name, pattern: diagnosis.pattern, verdict, undone: false });
  const sentence = `${name} held: ${'evidence' in verdict ? verdict.evidence : ''}`;
  await record.closeIncident({ ...inIncident, cycle, round: 0, outcome: 'healed', sentence });
  return { incident: opened.incident, outcome: 'healed', sentence, attempts: 1 };
}
