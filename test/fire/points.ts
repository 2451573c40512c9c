import type { OpenCycle } from './records.js';
import type { Target } from './target.js';

/** Where a kill can fall: each is seen from outside, in hale's records and at the target, right before the kill. */
export const points = [
  'afterPrepare',
  'callOnWire',
  'afterCallBeforeApplied',
  'duringValidation',
  'duringHold',
  'duringRollback',
  'duringLearnOrClose',
] as const;

export type Point = (typeof points)[number];

/** One action at one point. */
export interface Standing {
  readonly point: Point;
  readonly action: string;
}

/** What stood where at one moment. */
export interface Moment {
  readonly standings: readonly Standing[];
  readonly openCycles: number;
  readonly openEffects: number;
}

/** States in which the world may differ from what it was and nobody has decided so. */
const open = ['intended', 'applied', 'undoing', 'unknown'];

export function momentOf(cycles: readonly OpenCycle[], target: Target): Moment {
  return {
    standings: cycles.flatMap((cycle) => {
      const point = pointOf(cycle, target);
      return point === undefined || cycle.action === null ? [] : [{ point, action: cycle.action }];
    }),
    openCycles: cycles.length,
    openEffects: cycles.filter(({ state }) => state !== null && open.includes(state)).length,
  };
}

function pointOf({ action, state, verdict, service }: OpenCycle, target: Target): Point | undefined {
  if (action === null || state === null) return undefined;
  if (verdict !== null) return verdict === 'held' ? 'duringLearnOrClose' : undefined;
  switch (state) {
    case 'prepared':
      return service.startsWith('ask') ? undefined : 'afterPrepare';
    case 'intended':
      if (target.onWire.has(action)) return 'callOnWire';
      return target.done.has(action) ? 'afterCallBeforeApplied' : 'afterPrepare';
    case 'applied':
      return target.broken.has(service) ? 'duringValidation' : 'duringHold';
    case 'undoing':
      return 'duringRollback';
    case 'undone':
      return 'duringLearnOrClose';
    default:
      return undefined;
  }
}
