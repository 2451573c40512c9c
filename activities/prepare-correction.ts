import type { PrepareCorrection, Prepared } from '../contracts/activities.js';
import { actionIdOf } from '../contracts/names.js';
import { beating } from './beat.js';
import { correctionOf, fleetOf, serviceOf } from './case.js';
import { gateFacts, type FactPorts } from './gate-facts.js';
import type { Ports } from './ports.js';
import { proposalOf, sight } from './proposal.js';

type Needs = FactPorts & Pick<Ports, 'providers' | 'knownGood'>;

/** Undo is prepared first: the before-image is stored before anybody decides, let alone acts. */
export const prepareCorrection =
  (ports: Needs) =>
  (input: PrepareCorrection): Promise<Prepared> =>
    beating(async (abort) => {
      const fleet = await fleetOf(ports, input);
      const service = await serviceOf(ports, input);
      const correction = correctionOf(service, input.correction);
      const seen = await sight(ports, service, input.instance, correction);
      if (seen.kind === 'notApplicable') return seen;

      const { target, resource, identity, before, goal } = seen;
      const { cycle, incident, configVersion, instance } = input;
      const actionId = actionIdOf(cycle, input.attempt, correction.name);
      const stored = await ports.effects.prepare({
        actionId,
        cycle,
        incident,
        service: service.name,
        instance,
        correction: correction.name,
        resource,
        before,
        goal,
        configVersion,
        undo: correction.undo,
      });
      const proposal = proposalOf(target, stored.before, stored.goal);
      const considered = { fleet, service, instance, correction, target, resource, identity, proposal, incident };
      const took = await ports.effects.took(service.name, correction.name);
      return {
        kind: 'proposal',
        actionId,
        proposal,
        before: stored.before.summary,
        ...(stored.goal === undefined ? {} : { goal: stored.goal.summary }),
        ...(took === undefined ? {} : { took }),
        facts: await gateFacts(ports, considered, abort),
      };
    });
