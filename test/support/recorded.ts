import type pg from 'pg';
import { storeConfiguration } from '../../adapters/postgres/configurations.js';
import { postgresEffects } from '../../adapters/postgres/effects.js';
import { postgresIncidents } from '../../adapters/postgres/incidents.js';
import { keepDays, daysAhead, sampleColumns } from '../../adapters/postgres/samples.js';
import type { EffectState } from '../../domain/effect.js';
import type { Outcome } from '../../domain/outcome.js';
import type { Fleet, UndoClass } from '../../domain/service.js';
import { check, minimalFile } from './configuration.js';

/** The minimal configuration of the design, stored as the current one: service `shop`, objective `up`. */
export async function shopConfigured(pool: pg.Pool): Promise<Fleet> {
  const checked = await check({ 'hale.yaml': minimalFile });
  if (checked.kind === 'refused') throw new Error('the minimal configuration is refused');
  const fleet = { ...checked.fleet, version: 'v1' };
  await storeConfiguration(pool, fleet, 'hale.yaml', 'test');
  return fleet;
}

/** Readings of `up` of the shop, the last of them now. */
export async function shopMeasured(pool: pg.Pool, values: readonly number[]): Promise<void> {
  const now = Date.now();
  await keepDays(pool, daysAhead(now), now);
  const readings = values.map((value, index) => {
    const at = now - (values.length - 1 - index) * 1_000;
    return { service: 'shop', signal: 'up', reading: { kind: 'value' as const, at, value } };
  });
  await pool.query(
    `insert into samples (service, instance, signal, at, value, reason)
     select s, i, n, to_timestamp(a / 1000), v, r
       from unnest($1::text[], $2::text[], $3::text[], $4::float8[], $5::float8[], $6::text[]) as rows(s, i, n, a, v, r)`,
    sampleColumns(readings),
  );
}

/** An incident of the shop with one cycle, opened as the cycle itself does it. */
export async function shopIncident(pool: pg.Pool, fleet: Fleet, cycle = 'cycle-1', workflowId = 'heal/shop/-'): Promise<string> {
  const { incident } = await postgresIncidents(pool).open({
    key: `${cycle}/opened/0`,
    cycle,
    workflowId,
    service: 'shop',
    by: 'watch',
    onset: Date.now(),
    configVersion: fleet.version,
    relapseWithinMs: 0,
  });
  return incident;
}

/** One effect of that cycle, moved through these states. */
export async function shopEffect(
  pool: pg.Pool,
  {
    incident,
    actionId,
    cycle = 'cycle-1',
    service = 'shop',
    summary = 'pid 1',
    undo = 'restores',
  }: { incident: string; actionId: string; cycle?: string; service?: string; summary?: string; undo?: UndoClass },
  states: readonly EffectState[],
): Promise<void> {
  const effects = postgresEffects(pool);
  const before = { identity: 'before', summary, content: {} };
  const resource = 'file//etc/shop/shop.conf';
  const place = { service, configVersion: 'v1' };
  await effects.prepare({ ...place, actionId, cycle, incident, correction: 'last-good', undo, resource, before });
  let from: EffectState = 'prepared';
  for (const [index, to] of states.entries()) {
    await effects.move(actionId, [from], to, { fence: String(index + 1), after: { identity: 'after', summary: 'pid 2', content: {} } });
    from = to;
  }
}

export async function closed(pool: pg.Pool, incident: string, outcome: Outcome, sentence: string, cycle = 'cycle-1'): Promise<void> {
  await postgresIncidents(pool).close({ key: `${cycle}/closed/0`, incident, cycle, service: 'shop', outcome, sentence });
}
