import { plugInProvider } from '../adapters/plug-in/provider.js';
import { Refused, type PlugIn, type PlugInCall, type Seen } from '../contracts/plug-in.js';
import type { Action } from '../domain/service.js';
import { type Arrange, type Bench, holdsProviderContract } from './provider.contract.js';

export type PlugInAction = Extract<Action, { kind: 'plugIn' }>;

/** One real target of a plug-in that is due for correction: the `with:` that leads to it, and its own account of what was done to it. */
export interface PlugInTarget extends Pick<Bench<PlugInAction>, 'effects' | 'state' | 'remove' | 'loseAnswers' | 'hang' | 'vanish'> {
  readonly options: PlugInAction['options'];
  /** Somebody else changes the target. */
  readonly disturb: () => Promise<void>;
}

/**
 * Every rule that hale's own providers keep, held against a correction from a module of people's own, as hale wraps it. What the
 * correction itself says it can't do is not asked of it: an undo, or an answer to `happened`.
 */
export function holdsPlugInContract<With>(name: string, plugIn: PlugIn<With>, arrange: () => Promise<PlugInTarget>): void {
  holdsProviderContract(name, plugInBench(name, plugIn, arrange), {
    goal: 'a plug-in chooses no goal',
    undo: plugIn.undo === 'restores' ? undefined : `what it does ${plugIn.undo}`,
    readBack: plugIn.happened === undefined ? 'it can not tell what happened' : undefined,
  });
}

/**
 * The bench of a plug-in. Where its target can't do so by itself, it is `act` that hangs, whose answer is lost after it has acted, or
 * after which there is nothing to look at.
 */
export function plugInBench<With>(name: string, plugIn: PlugIn<With>, arrange: () => Promise<PlugInTarget>): Arrange<PlugInAction> {
  return async () => {
    const { options, ...target } = await arrange();
    let way: 'clear' | 'lost' | 'hanging' | 'gone' | 'vanishing' = 'clear';
    const act = async (given: With, call: PlugInCall): Promise<void> => {
      if (way === 'hanging') await new Promise(() => undefined);
      await plugIn.act(given, call);
      if (way === 'lost') throw new Error('its answer was lost');
      if (way === 'vanishing') way = 'gone';
    };
    const look = async (given: With, abort: AbortSignal): Promise<Seen> => {
      if (way === 'gone') throw new Refused('it is gone');
      return plugIn.look(given, abort);
    };
    return {
      loseAnswers: async () => void (way = 'lost'),
      hang: async () => void (way = 'hanging'),
      vanish: async () => void (way = 'vanishing'),
      ...target,
      provider: plugInProvider(async () => ({ [name]: { ...plugIn, act, look } as PlugIn })),
      target: {
        service: 'shop',
        action: { kind: 'plugIn', module: name, correction: name, options, tells: plugIn.happened !== undefined },
        timeoutMs: 5_000,
      },
    };
  };
}
