import { MockActivityEnvironment } from '@temporalio/testing';
import { applyCorrection } from '../../activities/apply-correction.js';
import { prepareCorrection } from '../../activities/prepare-correction.js';
import { undoCorrection } from '../../activities/undo-correction.js';
import type { Leases, Ports } from '../../activities/ports.js';
import type { Prepared } from '../../contracts/activities.js';
import type { Effect } from '../../domain/effect.js';
import { configured } from './configured.js';
import { shopIncident } from './recorded.js';

export const actionId = 'cycle-1/1/fix';

/** What the gate says where nothing is against it. */
export const permitted = { permission: 'mode act', answer: { kind: 'act', rule: 'modeAct', sentence: 'mode act' } } as const;

/** The one correction `fix` of a shop, in the hands of the real activities, one try at a time as Temporal would run them. */
export interface ShopCorrection {
  readonly ports: Ports;
  /** Prepares attempt `number`; answers the hash of the proposal. */
  readonly propose: (number?: number) => Promise<string>;
  /** @param worker the one that makes this try; cancelling it is what a stopping worker does */
  readonly apply: (worker?: MockActivityEnvironment) => ReturnType<ReturnType<typeof applyCorrection>>;
  readonly undo: () => ReturnType<ReturnType<typeof undoCorrection>>;
  /** What an earlier try leaves that was cut off right before its call. */
  readonly cutOff: () => Promise<void>;
  readonly effect: () => Promise<Effect | undefined>;
  /** Somebody stops all automation. */
  readonly stop: () => Promise<void>;
}

/** @param fix the correction as the configuration file has it, `mode` and times aside; `leases` changes what the activities see of the real ones */
export async function shopCorrection(fix: string, leases: (real: Leases) => Partial<Leases> = () => ({})): Promise<ShopCorrection> {
  const {
    pool,
    fleet,
    ports: composed,
  } = await configured(`apiVersion: hale/v1
services:
  shop:
    signals: {up: {http: 'http://127.0.0.1:9/', every: 1s}}
    objectives: {up: {above: 0}}
    corrections: {fix: {${fix}, mode: act}}
`);
  const ports = { ...composed, leases: { ...composed.leases, ...leases(composed.leases) } };
  const incident = await shopIncident(pool, fleet);
  const place = { service: 'shop', configVersion: 'v1', incident, cycle: 'cycle-1', correction: 'fix' };
  const propose = async (attempt = 1): Promise<string> => {
    const prepared: Prepared = await new MockActivityEnvironment().run(prepareCorrection(ports), { ...place, attempt });
    if (prepared.kind === 'notApplicable') throw new Error(prepared.reason);
    return prepared.proposal;
  };
  return {
    ports,
    propose,
    apply: (worker = new MockActivityEnvironment()) => worker.run(applyCorrection(ports), { actionId, ...permitted }),
    undo: () => new MockActivityEnvironment().run(undoCorrection(ports), { actionId, why: 'it did not help' }),
    cutOff: async () => void (await ports.effects.move(actionId, ['prepared'], 'intended', { fence: '1' })),
    effect: () => ports.effects.get(actionId),
    stop: async () => void (await pool.query(`insert into settings (key, value, set_by) values ('stop', '{}', 'ada')`)),
  };
}
