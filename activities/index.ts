import type { CycleActivities } from '../contracts/activities.js';
import { applyCorrection } from './apply-correction.js';
import { callPerson, closeIncident, learnLesson, noteWord, recordAnswer } from './close-incident.js';
import { diagnoseService } from './diagnose-service.js';
import { observeService } from './observe-service.js';
import { openIncident } from './open-incident.js';
import type { Ports } from './ports.js';
import { prepareCorrection } from './prepare-correction.js';
import { withdrawCorrection } from './withdraw-correction.js';
import { settleEffects } from './settle-effects.js';
import { undoCorrection } from './undo-correction.js';
import { verifyDecision } from './verify-decision.js';
import { awaitRecovery, validateHold } from './validate-recovery.js';

type Needs = Omit<Ports, 'shards' | 'members'>;

/** Those that change the world; each of their workers polls the queue of a privilege that it has. */
export const createActingActivities = (ports: Needs): Pick<CycleActivities, 'settleEffects' | 'applyCorrection' | 'undoCorrection'> => ({
  settleEffects: settleEffects(ports),
  applyCorrection: applyCorrection(ports),
  undoCorrection: undoCorrection(ports),
});

/** The activities of the healing cycle, over the ports they need. */
export const createCycleActivities = (ports: Needs): CycleActivities => ({
  ...createActingActivities(ports),
  openIncident: openIncident(ports),
  observeService: observeService(ports),
  diagnoseService: diagnoseService(ports),
  prepareCorrection: prepareCorrection(ports),
  withdrawCorrection: withdrawCorrection(ports),
  recordAnswer: recordAnswer(ports),
  callPerson: callPerson(ports),
  noteWord: noteWord(ports),
  verifyDecision: verifyDecision(ports),
  awaitRecovery: awaitRecovery(ports),
  validateHold: validateHold(ports),
  learnLesson: learnLesson(ports),
  closeIncident: closeIncident(ports),
});
