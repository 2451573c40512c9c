import { freezeOf, type Freeze, type FreezePolicy } from '../../domain/gate/flapping.js';
import { instanceOf, type Queries } from './database.js';
import { TOUCHED, TURN, turnOf, type TurnRow } from './turns.js';

/** A resource that was turned back too often, beside each service or instance that went for it lately. */
export interface FrozenRecord extends Freeze {
  readonly service: string;
  readonly instance?: string;
  readonly resource: string;
  /** The last incident in which it did. */
  readonly incident: string;
}

/** By the database's clock. Whoever was refused since has prepared an effect too. */
export async function readFrozen(queries: Queries, policy: FreezePolicy): Promise<FrozenRecord[]> {
  const freezes = await freezesOf(queries, policy);
  if (freezes.size === 0) return [];
  const { rows } = await queries.query<{ service: string; instance: string; resource: string; incident: string }>(
    `select distinct on (service, instance, resource) service, instance, resource, incident from effects
      where resource = any($1) and prepared_at > clock_timestamp() - $2 * interval '1 ms'
      order by service, instance, resource, prepared_at desc`,
    [[...freezes.keys()], policy.withinMs],
  );
  return rows.flatMap(({ service, instance, resource, incident }) => {
    const freeze = freezes.get(resource);
    return freeze === undefined ? [] : [{ service, ...instanceOf(instance), resource, incident, ...freeze }];
  });
}

async function freezesOf(queries: Queries, policy: FreezePolicy): Promise<Map<string, Freeze>> {
  const { rows } = await queries.query<TurnRow & { resource: string; now: Date }>(
    `select resource, ${TURN}, clock_timestamp() as now from effects
      where ${TOUCHED} and intended_at > clock_timestamp() - $1 * interval '1 ms' order by intended_at`,
    [policy.withinMs],
  );
  const now = rows[0]?.now.getTime() ?? 0;
  return new Map(
    [...new Set(rows.map(({ resource }) => resource))].flatMap((resource) => {
      const turns = rows.filter((row) => row.resource === resource).map(turnOf);
      const freeze = freezeOf(turns, now, policy);
      return freeze === undefined ? [] : [[resource, freeze] as const];
    }),
  );
}
