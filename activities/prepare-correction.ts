import { createHash } from 'node:crypto';
import type { PrepareCorrection, Prepared } from '../contracts/activities.js';
import { actionIdOf } from '../contracts/names.js';
import type { GateFacts } from '../domain/gate.js';
import type { Service } from '../domain/service.js';
import { beating } from './beat.js';
import { aim, correctionOf, serviceOf } from './case.js';
import type { Ports } from './ports.js';

type Needs = Pick<Ports, 'configurations' | 'providers' | 'knownGood' | 'effects' | 'controls' | 'incidents' | 'storms'>;

/** Undo is prepared first: the before-image is stored before anybody decides, let alone acts. */
export const prepareCorrection =
  (ports: Needs) =>
  (input: PrepareCorrection): Promise<Prepared> =>
    beating(async () => {
      const service = await serviceOf(ports, input);
      const correction = correctionOf(service, input.correction);
      const aimed = aim(ports, service, input.instance, correction);
      if (aimed.kind === 'noAim') return { kind: 'notApplicable', reason: aimed.reason };
      const { provider, target } = aimed;

      const good = await ports.knownGood.latest(service.name, input.instance, correction.name);
      const before = await provider.image(target);
      const seen = await provider.examine(target, before, good?.image);
      if (!seen.applicable) return { kind: 'notApplicable', reason: seen.reason };

      const { cycle, incident, configVersion, instance } = input;
      const actionId = actionIdOf(cycle, input.attempt, correction.name);
      const resource = correction.resource ?? (await provider.resourceOf(target));
      const effect = {
        actionId,
        cycle,
        incident,
        service: service.name,
        instance,
        correction: correction.name,
        resource,
        before,
        goal: seen.goal,
        configVersion,
        undo: correction.undo,
      };
      const stored = await ports.effects.prepare(effect);
      const proposal = shortHash({ target, before: stored.before.identity, goal: stored.goal?.identity ?? null });
      return {
        kind: 'proposal',
        actionId,
        proposal,
        before: stored.before.summary,
        ...(stored.goal === undefined ? {} : { goal: stored.goal.summary }),
        facts: await gateFacts(ports, service, input, proposal),
      };
    });

async function gateFacts(ports: Needs, service: Service, input: PrepareCorrection, proposal: string): Promise<GateFacts> {
  const [stopped, paused, held, storm, rejected, lastAppliedAt, attempts] = await Promise.all([
    ports.controls.stopped(),
    ports.controls.paused(service.name),
    ports.controls.held(service.name, input.instance),
    ports.storms.current(),
    ports.incidents.rejection(input.incident, proposal),
    ports.effects.lastAppliedAt(service.name, input.instance, input.correction),
    ports.effects.attempts(input.incident),
  ]);
  return {
    now: Date.now(),
    stopped,
    ...(paused === undefined ? {} : { paused }),
    ...(held === undefined ? {} : { held }),
    ...(storm === undefined || storm.source === service.name ? {} : { storm }),
    ...(rejected === undefined ? {} : { rejected }),
    ...(lastAppliedAt === undefined ? {} : { lastAppliedAt }),
    attempts,
    attemptsMax: service.limits.attemptsMax,
  };
}

const shortHash = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 8);
