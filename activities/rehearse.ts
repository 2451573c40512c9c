import type { DryRunActivities, Rehearse, Rehearsed, Surveyed } from '../contracts/dry-run.js';
import { beating } from './beat.js';
import { correctionOf, fleetOf, serviceOf } from './case.js';
import { diagnoseService } from './diagnose-service.js';
import { gateFacts } from './gate-facts.js';
import { observeService } from './observe-service.js';
import { pinned, RELAPSE_WITHIN_MS, unknownPlace } from './open-incident.js';
import type { Ports } from './ports.js';
import { proposalOf, sight } from './proposal.js';
import { readOnly } from './read-only.js';

/** The activities of a dry run: what a cycle does before it acts, over ports that can't write. */
export function createDryRunActivities(all: Ports): DryRunActivities {
  const ports = readOnly(all);
  return {
    surveyService: surveyService(ports),
    rehearseObservation: observeService(ports),
    rehearseDiagnosis: diagnoseService(ports),
    rehearseCorrection: rehearseCorrection(ports),
  };
}

const surveyService =
  (ports: Ports): DryRunActivities['surveyService'] =>
  ({ service: name, instance }): Promise<Surveyed> =>
    beating(async () => {
      const fleet = await ports.configurations.current();
      const service = fleet?.services.find((one) => one.name === name);
      const refused = unknownPlace(fleet, { service: name, instance });
      if (fleet === undefined || service === undefined || refused !== undefined)
        return { kind: 'refused', sentence: refused?.sentence ?? 'no configuration was taken up yet' };
      const incident = await ports.incidents.joinable(name, instance, RELAPSE_WITHIN_MS);
      const { configVersion, corrections, order } = pinned(fleet, service, instance);
      return { kind: 'known', configVersion, corrections, order, ...(incident === undefined ? {} : { incident }) };
    });

const rehearseCorrection =
  (ports: Ports) =>
  (input: Rehearse): Promise<Rehearsed> =>
    beating(async (abort) => {
      const [fleet, service] = await Promise.all([fleetOf(ports, input), serviceOf(ports, input)]);
      const correction = correctionOf(service, input.correction);
      const seen = await sight(ports, service, input.instance, correction);
      if (seen.kind === 'notApplicable') return seen;
      const { target, before, goal } = seen;
      const proposal = proposalOf(target, before, goal);
      const considered = { ...seen, fleet, service, instance: input.instance, correction, proposal, incident: input.incident };
      return {
        kind: 'proposal',
        proposal,
        before: before.summary,
        ...(goal === undefined ? {} : { goal: goal.summary }),
        facts: await gateFacts(ports, considered, abort),
      };
    });
