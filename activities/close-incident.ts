import type { CallPerson, CloseIncident, LearnLesson, NoteWord, RecordAnswer } from '../contracts/activities.js';
import { holdsService } from '../domain/outcome.js';
import { serviceOf, correctionOf } from './case.js';
import type { Ports } from './ports.js';

/** Once per attempt: the lesson, the verdict beside the effect, and whether the effect is kept for good. */
export const learnLesson =
  (ports: Pick<Ports, 'configurations' | 'effects' | 'lessons'>) =>
  async ({ actionId, correction, pattern, verdict, undone, ...place }: LearnLesson): Promise<void> => {
    const service = await serviceOf(ports, place);
    const serviceClass = service.class === undefined ? {} : { class: service.class };
    await ports.lessons.record({ actionId, correction, pattern, service: service.name, ...serviceClass, verdict: verdict.kind, undone });
    await ports.effects.judge(actionId, verdict.kind);
    const kept = verdict.kind === 'held' || correctionOf(service, correction).undo !== 'restores';
    if (kept && verdict.kind !== 'noData') await ports.effects.move(actionId, ['applied'], 'adopted', { why: verdict.evidence });
  };

/** Ends the cycle in the records: outcome, leases, and the hold that keeps hale's hands off where a person is needed. */
export const closeIncident =
  (ports: Pick<Ports, 'incidents' | 'effects' | 'leases' | 'controls'>) =>
  async ({ incident, cycle, round, outcome, sentence, service, instance }: CloseIncident): Promise<void> => {
    if (outcome === 'takenOver') {
      for (const { actionId } of await ports.effects.ofCycle(cycle, 'applied')) {
        await ports.effects.move(actionId, ['applied'], 'adopted', { why: sentence });
      }
    }
    await ports.leases.releaseAll(cycle);
    if (holdsService(outcome)) await ports.controls.hold(service, instance, outcome, incident);
    await ports.incidents.close({ key: `${cycle}/closed/${round}`, incident, cycle, service, instance, outcome, sentence });
  };

/** Something people must know or decide. The ledger has it first; channels deliver from there. */
export const callPerson =
  (ports: Pick<Ports, 'incidents'>) =>
  ({ key, service, instance, incident, why, sentence, ask }: CallPerson): Promise<void> =>
    ports.incidents.note({ key, kind: 'person.called', service, instance, incident, data: { why, sentence, ask } });

/** Who decided, paused or ended, what about, and who was refused: an audit asks the ledger, not the histories. */
export const noteWord =
  (ports: Pick<Ports, 'incidents'>) =>
  ({ key, service, instance, incident, verb, by, reason, until, proposal, correction, verified, refused }: NoteWord): Promise<void> => {
    const data = { verb, by, verified, reason, until, proposal, correction, refused };
    const kind = refused === undefined ? 'person.said' : 'person.refused';
    return ports.incidents.note({ key, kind, service, instance, incident, data });
  };

export const recordAnswer =
  (ports: Pick<Ports, 'incidents'>) =>
  ({ key, service, instance, incident, correction, answer }: RecordAnswer): Promise<void> =>
    ports.incidents.note({ key, kind: `gate.${answer.kind}`, service, instance, incident, data: { correction, ...answer } });
