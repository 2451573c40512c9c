import { rm } from 'node:fs/promises';
import type { Action } from '../../../../domain/service.js';
import { ownKnob } from '../../../support/own-knob.js';
import type { WireBench } from '../bench.js';
import { ownFolder } from './folder.js';
import { built } from './module.js';

/** A real command with a ledger, which takes its time: it outlives the worker that is killed. */
export const exec: WireBench<Extract<Action, { kind: 'exec' }>> = {
  name: 'exec with verify and undo',
  provider: built('adapters/exec/provider', 'execProvider'),
  noWire: { why: 'a program of this machine', actsWithinMs: 60 },
  without: { compare: 'hale can not see what a command acts on' },
  arrange: async () => {
    const { folder, close } = await ownFolder();
    const { program, ledger, state, turn } = await ownKnob(folder);
    const action = {
      kind: 'exec' as const,
      argv: [program, 'set', 'on'],
      undoArgv: [program, 'set', 'off'],
      verifyArgv: [program, 'verify'],
    };
    return {
      aimedAt: () => ({ service: 'shop', action, timeoutMs: 5_000 }),
      effects: async () => (await ledger()).filter((line) => line.endsWith('|on')).length,
      state,
      disturb: () => turn('dimmed'),
      remove: () => rm(program),
      close,
    };
  },
};
