import type { Diagnosed, Place } from '../contracts/activities.js';
import { changedAt, changeSentence, haleItself, type Change } from '../domain/change.js';
import { diagnose, onlyIfChanged, withChange, type Examination } from '../domain/diagnosis.js';
import type { MeasuredFinding } from '../domain/finding.js';
import { tally } from '../domain/lesson.js';
import type { Correction, Service } from '../domain/service.js';
import { beating } from './beat.js';
import { aim, serviceOf } from './case.js';
import { dependencyState } from './dependency-state.js';
import type { Examined, Ports } from './ports.js';

type Needs = Pick<Ports, 'configurations' | 'meters' | 'samples' | 'providers' | 'knownGood' | 'lessons' | 'changes' | 'storms'>;

/** Looks at every correction's target and at the services this one depends on, and recalls what was learned on this pattern. */
export const diagnoseService =
  (ports: Needs) =>
  (input: Place & { readonly cycle?: string; readonly findings: readonly MeasuredFinding[] }): Promise<Diagnosed> =>
    beating(async (abort) => {
      const service = await serviceOf(ports, input);
      const changes = await ports.changes.recent(service.name, Date.now() - lookBackMs(service));
      const [examinations, dependencies] = await Promise.all([
        Promise.all(service.corrections.map((correction) => examine(ports, service, input.instance, correction, changes))),
        Promise.all(service.dependsOn.map((name) => dependencyState(ports, { ...input, service: name }, abort))),
      ]);
      const diagnosis = diagnose(input.findings, examinations, dependencies, lately(changes));
      const lessons = await ports.lessons.about(diagnosis.pattern, service.name, service.class);
      const storm = await ports.storms.current();
      const around = storm === undefined || storm.source === service.name ? {} : { storm };
      return { diagnosis, records: tally(lessons, service.name), ...around };
    });

/** A change this old explains little; a correction may look further back. */
const LATELY_MS = 3_600_000;
const SHOWN_MAX = 3;

const lookBackMs = ({ corrections }: Service): number =>
  Math.max(LATELY_MS, ...corrections.map(({ onlyIf }) => onlyIf?.changedWithinMs ?? 0));

const lately = (changes: readonly Change[]): string[] =>
  changes
    .filter((change) => Date.now() - changedAt(change) <= LATELY_MS)
    .slice(0, SHOWN_MAX)
    .map((change) => changeSentence(change, Date.now()));

/** A target that can't be looked at is not corrected; why it can't is part of the diagnosis. */
async function examine(
  ports: Needs,
  service: Service,
  instance: string | undefined,
  correction: Correction,
  changes: readonly Change[],
): Promise<Examination> {
  const aimed = aim(ports, service, instance, correction);
  if (aimed.kind === 'noAim') return { correction: correction.name, applicable: false, reason: aimed.reason };
  try {
    const good = await ports.knownGood.latest(service.name, instance, correction.name);
    const current = await aimed.provider.image(aimed.target);
    const seen = await aimed.provider.examine(aimed.target, current, good?.image);
    const newest = changes.find(({ by }) => by !== haleItself);
    const examination = withChange({ correction: correction.name, ...withoutGoal(seen) }, newest && changedAt(newest));
    return correction.onlyIf ? onlyIfChanged(examination, correction.onlyIf.changedWithinMs, Date.now()) : examination;
  } catch (error) {
    return { correction: correction.name, applicable: false, reason: `could not be examined: ${String(error)}` };
  }
}

/** A goal may hold the bytes of a file, and a diagnosis is kept in a history. */
function withoutGoal(seen: Examined): Examined {
  if (!seen.applicable) return seen;
  const { goal: _, ...rest } = seen;
  return rest;
}
