import type { Call, Examined, Provider, ReadBack, Target } from '../../activities/ports.js';
import type { Image } from '../../domain/effect.js';
import { ActionFailed, TargetRefused } from '../../domain/failure.js';
import type { MachineAction } from '../../domain/machine.js';
import { first, type Answer, type Facts } from './answer.js';
import { nameOf, type Machines } from './machines.js';

/** The part in which the kinds of targets on a machine differ. */
export interface OnMachine<A extends MachineAction> {
  readonly kind: A['kind'];
  /** The thing acted upon, on its machine. */
  thing(action: A): string;
  /** A line for people. */
  summary(action: A, facts: Facts): string;
  /** Why there is nothing to correct; undefined where there is. */
  obstacle(action: A, facts: Facts): string | undefined;
}

/**
 * Acts on a machine through hale's script there, which compares fence, ticket and target under one lock, and keeps a journal of
 * action ids. What it does is a new start or a loss; neither can be taken back.
 */
export function machineProvider<A extends MachineAction>(machines: Machines, one: OnMachine<A>): Provider<A> {
  const imageOf = (action: A, facts: Facts): Image => ({
    identity: first(facts, 'identity') ?? 'unknown',
    summary: outOfReach(facts) ?? one.summary(action, facts),
    content: { facts },
  });
  return {
    kind: one.kind,
    readBackBy: () => 'actionId',
    fencedBy: 'target',
    resourceOf: async ({ action }) => `${one.kind}/${nameOf(action)}/${one.thing(action)}`,
    image: async (target) => imageOf(target.action, factsOf(target, await machines.look(target))),
    examine: async ({ action }, current) => examined(one, action, current),
    apply: (call) => apply(machines, one, call, imageOf),
    readBack: (call) => readBack(machines, call, imageOf),
    undo: async () => {
      throw new Error(`what ${one.kind} did can't be taken back`);
    },
  };
}

type ImageOf<A> = (action: A, facts: Facts) => Image;

function examined<A extends MachineAction>(one: OnMachine<A>, action: A, current: Image): Examined {
  const reason = obstacleTo(one, action, current.content.facts as Facts);
  return reason === undefined ? { applicable: true, evidence: current.summary } : { applicable: false, reason };
}

async function apply<A extends MachineAction>(machines: Machines, one: OnMachine<A>, call: Call<A>, imageOf: ImageOf<A>): Promise<Image> {
  const { action, before } = call;
  const seen = await machines.look(call, call.abort);
  if (seen.kind !== 'answered') throw new TargetRefused(seen.why);
  const obstacle = obstacleTo(one, action, seen.facts);
  if (obstacle !== undefined) throw new TargetRefused(obstacle);
  if (first(seen.facts, 'identity') !== before.identity)
    throw new TargetRefused(`it has changed: expected ${before.summary}, found ${one.summary(action, seen.facts)}`);
  const answer = await machines.act(call, first(seen.facts, 'ticket') ?? '', before.identity);
  switch (answer.kind) {
    case 'answered':
      return imageOf(action, answer.facts);
    case 'refused':
      throw new TargetRefused(answer.why);
    case 'failed':
      throw new ActionFailed(answer.why, imageOf(action, answer.facts));
    case 'lost':
      throw new Error(answer.why);
  }
}

async function readBack<A extends MachineAction>(machines: Machines, call: Call<A>, imageOf: ImageOf<A>): Promise<ReadBack> {
  const answer = await machines.find(call);
  if (answer.kind !== 'answered') return { kind: 'unknown', why: answer.why };
  switch (first(answer.facts, 'journal') ?? 'silent') {
    case 'none':
    case 'void':
      return { kind: 'notApplied' };
    case 'done':
    case 'failed':
      return { kind: 'applied', after: imageOf(call.action, answer.facts) };
    default:
      return { kind: 'unknown', why: `the journal of ${nameOf(call.action)} does not say what became of it` };
  }
}

/** A machine that says nothing has an image too: of one that can't be reached. */
const factsOf = ({ action }: Target<MachineAction>, answer: Answer): Facts =>
  answer.kind === 'answered' ? answer.facts : { identity: ['unreachable'], unreachable: [`${nameOf(action)}: ${answer.why}`] };

const obstacleTo = <A extends MachineAction>(one: OnMachine<A>, action: A, facts: Facts): string | undefined =>
  outOfReach(facts) ?? one.obstacle(action, facts);

/** What keeps hale from the target, whatever that is like. */
function outOfReach(facts: Facts): string | undefined {
  const said = (key: string, sentence: string): string | undefined => {
    const why = first(facts, key);
    return why === undefined ? undefined : `${sentence}: ${why}`;
  };
  return said('unreachable', 'unavailable') ?? said('unavailable', 'unavailable') ?? said('noPermission', 'no permission');
}
