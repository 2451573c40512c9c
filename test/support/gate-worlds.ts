import { healWorkflowId, taskQueues } from '../../contracts/names.js';
import { postgresSwitches } from '../../adapters/postgres/controls.js';
import { daysAhead, keepDays, sampleColumns } from '../../adapters/postgres/samples.js';
import type { GateAnswer, GateRule } from '../../domain/gate.js';
import type { Client } from '@temporalio/client';
import type { Hale } from './hale.js';

/** What a case may arrange before anybody asks the gate. */
export interface Scene {
  readonly hale: Hale;
  readonly client: Client;
  /** The proposal that the correction would have now. */
  readonly proposal: (service: string) => Promise<string>;
  /** A moment that the sentences name. */
  readonly noon: number;
}

/** One service in one state, and what the gate is to say about its correction `fix`. */
export interface GateCase {
  readonly name: string;
  /** Further keys of the correction, of the service, and other services that it needs, as YAML flow. */
  readonly fix?: string;
  readonly service?: string;
  readonly others?: string;
  /** Further keys of the objective. */
  readonly objective?: string;
  readonly instance?: string;
  readonly arrange?: (scene: Scene) => Promise<unknown>;
  readonly says: readonly [kind: GateAnswer['kind'], rule: GateRule, sentence: string];
}

/** Cases under one policy, with one database. */
export interface GateWorld {
  readonly name: string;
  readonly head: string;
  readonly arrange?: (scene: Scene) => Promise<unknown>;
  readonly cases: readonly GateCase[];
}

const HEALTHY = '[/usr/bin/test, -e, /]';
const BROKEN = '[/usr/bin/test, -e, /nowhere/to/be/found]';
const watched = (argv: string, per = '', objective = ''): string =>
  `signals: {up: {exec: ${argv}, plugin: true, every: 1s${per}}}, objectives: {up: {below: 1, for: 0s, hold: 3s${objective && `, ${objective}`}}}`;

/** A world's configuration: every case is a service that is broken from the start. */
export const yamlOf = ({ head, cases }: GateWorld, program: string): string =>
  [
    'apiVersion: hale/v1',
    head,
    'services:',
    ...cases.flatMap(({ name, fix = '', service = '', others, objective, instance }) => {
      const action = fix.includes('http:') ? '' : `exec: [${program}, set, ${name}], `;
      const undo = /undo:/.test(fix) ? '' : 'undo: nothingToRestore, ';
      const mode = /mode:/.test(fix) ? '' : 'mode: act, ';
      const cooldown = /cooldown:/.test(fix) ? '' : ', cooldown: 0s';
      const per = instance === undefined ? '' : ', per: instance';
      return [
        `  ${name}: {${watched(BROKEN, per, objective)}, corrections: {fix: {${action}${undo}${mode}hold: 3s, within: 2s${cooldown}${fix && `, ${fix}`}}}${service && `, ${service}`}}`,
        ...(others === undefined ? [] : [others]),
      ];
    }),
  ].join('\n');

export const healthyService = (name: string, more = ''): string => `  ${name}: {${watched(HEALTHY)}${more}}`;
export const brokenService = (name: string, more = ''): string => `  ${name}: {${watched(BROKEN)}${more}}`;

let numbers = 0;

/** An incident that ended `endedAgoMs` ago, or is open, with one cycle. */
export async function pastIncident(
  { hale }: Scene,
  service: string,
  endedAgoMs: number | undefined,
  instance = '-',
): Promise<{ incident: string; cycle: string }> {
  numbers += 1;
  const [incident, cycle] = [`past-${numbers}`, `past-cycle-${numbers}`];
  await hale.pool.query(
    `insert into incidents (id, service, instance, onset, started_at, ended_at, outcome)
     values ($1, $2, $3, clock_timestamp(), clock_timestamp() - interval '20 minutes',
             clock_timestamp() - $4::float8 * interval '1 ms', case when $4::float8 is null then null else 'healed' end)`,
    [incident, service, instance, endedAgoMs ?? null],
  );
  await hale.pool.query(
    `insert into cycles (cycle, workflow_id, incident, by, config_version, ended_at)
     values ($1, $2, $3, 'test', $4, case when $5::float8 is null then null else clock_timestamp() end)`,
    [cycle, healWorkflowId(service, instance === '-' ? undefined : instance), incident, hale.fleet.version, endedAgoMs ?? null],
  );
  return { incident, cycle };
}

/** Changes that hale made lately, each of a cycle that ended so long ago that nobody joins it. */
export async function pastEffects(
  scene: Scene,
  service: string,
  effects: readonly {
    readonly state?: string;
    readonly agoMs?: number;
    readonly resource?: string;
    readonly images?: readonly [string, string];
  }[],
  { instance = '-', endedAgoMs = 3_600_000 }: { readonly instance?: string; readonly endedAgoMs?: number } = {},
): Promise<void> {
  const { incident, cycle } = await pastIncident(scene, service, endedAgoMs, instance);
  for (const { state = 'adopted', agoMs = 600_000, resource = `past/${service}`, images: [before, after] = ['a', 'a'] } of effects) {
    numbers += 1;
    await scene.hale.pool.query(
      `insert into effects (action_id, cycle, incident, service, instance, correction, resource, state, before_image, after_image, config_version, intended_at)
       values ($1, $2, $3, $4, $5, 'fix', $6, $7, jsonb_build_object('identity', $8::text, 'summary', '', 'content', '{}'::jsonb),
               jsonb_build_object('identity', $9::text, 'summary', '', 'content', '{}'::jsonb), $10, to_timestamp($11::float8 / 1000))`,
      [
        `past-action-${numbers}`,
        cycle,
        incident,
        service,
        instance,
        resource,
        state,
        before,
        after,
        scene.hale.fleet.version,
        Date.now() - agoMs,
      ],
    );
  }
}

/** Readings of a minute ago and before, so many of them outside the bound. */
export async function pastReadings({ hale }: Scene, service: string, bad: number, of: number): Promise<void> {
  const now = Date.now() - 120_000;
  for (const time of [now, now - 86_400_000]) await keepDays(hale.pool, daysAhead(time), now);
  const readings = Array.from({ length: of }, (_, index) => ({
    service,
    signal: 'up',
    reading: { kind: 'value' as const, at: now - index * 1_000, value: index < bad ? 1 : 0 },
  }));
  await hale.pool.query(
    `insert into samples (service, instance, signal, at, value, reason)
     select s, i, n, to_timestamp(a / 1000), v, r
       from unnest($1::text[], $2::text[], $3::text[], $4::float8[], $5::float8[], $6::text[]) as rows(s, i, n, a, v, r)`,
    sampleColumns(readings),
  );
}

/** A cycle of this service that nobody works on: it runs until it is terminated. */
export async function runningCycle(scene: Scene, service: string): Promise<string> {
  await scene.client.workflow.start('healingCycle', {
    workflowId: healWorkflowId(service),
    taskQueue: `${taskQueues.cycles}-nobody`,
    workflowIdConflictPolicy: 'TERMINATE_EXISTING',
    args: [{ service }],
  });
  const { incident } = await pastIncident(scene, service, undefined);
  return incident;
}

export const switchesOf = ({ hale }: Scene): ReturnType<typeof postgresSwitches> => postgresSwitches(hale.pool);
export const order = (key: string): { by: string; key: string } => ({ by: 'ada', key });
