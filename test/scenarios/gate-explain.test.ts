// For each of these states `hale gate explain` and the real cycle are asked, over PostgreSQL, Temporal and an Alertmanager.
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { DryRun } from '../../contracts/dry-run.js';
import { dryRunWorkflowId, healWorkflowId } from '../../contracts/names.js';
import type { GateAnswer } from '../../domain/gate.js';
import { startAlertmanager } from '../support/debian-prometheus.js';
import {
  brokenService,
  healthyService,
  order,
  pastEffects,
  pastIncident,
  pastReadings,
  runningCycle,
  switchesOf,
  yamlOf,
  type GateCase,
  type GateWorld,
  type Scene,
} from '../support/gate-worlds.js';
import { haleWith, type Hale } from '../support/hale.js';
import { freshKnob } from '../support/knob.js';
import { listen } from '../support/listen.js';
import { devServer } from '../support/temporal.js';

let env: TestWorkflowEnvironment;
beforeAll(async () => void (env = await devServer()), 60_000);
afterAll(() => env.teardown());

const HOUR = 3_600_000;
const noon = Math.ceil(Date.now() / HOUR) * HOUR + HOUR;
const text = (ms: number): string => new Date(ms).toISOString().replace('.000', '');
const acts = (name = 'mode act: fix may be done'): GateCase['says'] => ['act', 'modeAct', name];
const asks = (rule: GateCase['says'][1], sentence: string): GateCase['says'] => ['ask', rule, sentence];
const refuses = (rule: GateCase['says'][1], sentence: string): GateCase['says'] => ['refuse', rule, sentence];
const reversals = (resource: string) => [
  { state: 'undone', agoMs: 600_000, resource },
  { state: 'undone', agoMs: 300_000, resource },
];

/** Told by the case's own service alone. */
const alone: readonly GateCase[] = [
  { name: 'acting', says: acts() },
  { name: 'asking', fix: 'mode: ask', says: asks('modeAsk', 'mode ask: a person decides on fix') },
  { name: 'observing', fix: 'mode: observe', says: refuses('modeObserve', 'mode observe: hale would have done fix') },
  { name: 'irreversible', fix: 'undo: irreversible', says: asks('irreversible', "fix can't be undone: a person decides") },
  { name: 'level-0', fix: 'level: 0', says: refuses('levelRecord', 'level 0: hale would have done fix') },
  { name: 'level-1', fix: 'level: 1', says: refuses('levelSuggest', 'level 1: hale suggests fix, and a person does it') },
  { name: 'level-2', fix: 'level: 2', says: asks('levelAsk', 'level 2: a person decides on fix') },
  { name: 'level-3', fix: 'level: 3', says: ['act', 'levelTell', 'level 3: fix may be done, and people are told'] },
  {
    name: 'level-3-loses',
    fix: 'level: 3, undo: loses',
    says: asks('levelTell', 'level 3: a person decides on fix, because something is lost for ever'),
  },
  { name: 'level-3-for-ever', fix: 'level: 3, undo: irreversible', says: asks('irreversible', "fix can't be undone: a person decides") },
  { name: 'level-4-loses', fix: 'level: 4, undo: loses', says: acts() },
  { name: 'level-4-asking', fix: 'level: 4, mode: ask', says: asks('modeAsk', 'mode ask: a person decides on fix') },
  { name: 'level-4-observing', fix: 'level: 4, mode: observe', says: refuses('modeObserve', 'mode observe: hale would have done fix') },
  { name: 'paused', arrange: (scene) => switchesOf(scene).pause('paused', noon, order('p')), says: refuses('paused', 'paused by ada') },
  {
    name: 'held',
    arrange: async ({ hale }) => hale.ports.controls.hold('held', undefined, 'stranded', 'inc-0'),
    says: refuses('held', 'held since a cycle ended stranded: a person resumes it'),
  },
  {
    name: 'attempts',
    service: 'limits: {attempts: 1}',
    arrange: (scene) => pastEffects(scene, 'attempts', [{}], { endedAgoMs: 60_000 }),
    says: refuses('attempts', '1 of 1 attempts are used'),
  },
  {
    name: 'rejected',
    arrange: async (scene) => {
      const { incident } = await pastIncident(scene, 'rejected', 60_000);
      const data = { verb: 'reject', by: 'bob', proposal: await scene.proposal('rejected') };
      await scene.hale.ports.incidents.note({ key: 'no', kind: 'person.said', service: 'rejected', incident, data });
    },
    says: refuses('rejected', 'fix was rejected by bob and would do the same again'),
  },
  {
    name: 'cooling',
    fix: 'cooldown: 1h',
    arrange: (scene) => pastEffects(scene, 'cooling', [{ agoMs: 60_000 }]),
    says: refuses('cooldown', 'fix acted less than 3600s ago'),
  },
  {
    name: 'busy',
    fix: 'resource: knob/busy',
    arrange: ({ hale }) => hale.ports.leases.acquire('knob/busy', 'another-cycle', HOUR),
    says: refuses('busy', 'fix has to wait: knob/busy is being acted upon by cycle another-cycle'),
  },
  {
    name: 'own-lease',
    fix: 'resource: knob/own',
    arrange: async (scene) => scene.hale.ports.leases.acquire('knob/own', (await pastIncident(scene, 'own-lease', HOUR)).cycle, HOUR),
    says: acts(),
  },
  {
    name: 'upstream',
    service: 'dependsOn: [db]',
    others: healthyService('db'),
    arrange: (scene) => runningCycle(scene, 'db'),
    says: refuses('upstream', 'db is healed first (INCIDENT): this service depends on it'),
  },
  {
    name: 'upstream-ended',
    service: 'dependsOn: [disk]',
    others: healthyService('disk'),
    arrange: (scene) => pastIncident(scene, 'disk', undefined),
    says: acts(),
  },
  {
    name: 'owned',
    service: 'target: {managedBy: argocd}',
    says: refuses('owner', 'argocd owns what fix would change: correct it through argocd'),
  },
  { name: 'owned-through', fix: 'through: git', service: 'target: {managedBy: argocd}', says: acts() },
  {
    name: 'owned-otherwise',
    fix: 'through: flux',
    service: 'target: {managedBy: argocd}',
    says: refuses('owner', 'argocd owns what fix would change: correct it through argocd'),
  },
  {
    name: 'at-once',
    service: 'instances: [a, b, c, d], limits: {atOnce: 1}',
    instance: 'a',
    arrange: (scene) => pastEffects(scene, 'at-once', [{ state: 'applied' }], { instance: 'b' }),
    says: refuses('atOnce', 'atOnce of at-once is 1: changes are in force on 1 of 4 instances, and this one acts on 1'),
  },
  {
    name: 'at-once-share',
    service: 'instances: [a, b, c], limits: {atOnce: 30%}',
    instance: 'a',
    says: refuses('atOnce', 'atOnce of at-once-share is 30%, which is 0: changes are in force on 0 of 3 instances, and this one acts on 1'),
  },
  { name: 'at-once-room', service: 'instances: [a, b, c, d], limits: {atOnce: 50%}', instance: 'a', says: acts() },
  {
    name: 'min-healthy',
    service: 'instances: [a, b, c, d], limits: {minHealthy: 50%}',
    instance: 'a',
    says: refuses('minHealthy', 'minHealthy of min-healthy is 50%: 0 of 4 instances would be healthy meanwhile'),
  },
  {
    name: 'lossy',
    fix: 'undo: loses',
    objective: 'target: 99%, window: 1h',
    arrange: (scene) => pastReadings(scene, 'lossy', 19, 2_000),
    says: asks(
      'errorBudget',
      'up has 19 of 2000 readings bad, which leaves 5% of its error budget within 1h, and below 10% a loss is for a person to decide',
    ),
  },
  {
    name: 'lossy-unknown',
    fix: 'undo: loses',
    objective: 'target: 99%, window: 1h',
    says: asks('errorBudget', 'up has no readings within 1h, and below 10% a loss is for a person to decide'),
  },
  {
    name: 'lossy-rich',
    fix: 'undo: loses',
    objective: 'target: 99%, window: 1h',
    arrange: (scene) => pastReadings(scene, 'lossy-rich', 2, 2_000),
    says: acts(),
  },
  {
    name: 'undone-twice',
    fix: 'resource: knob/undone',
    arrange: (scene) => pastEffects(scene, 'undone-twice', reversals('knob/undone')),
    says: refuses('frozen', 'knob/undone was turned back 2 times within 1h: only a person touches it until THAW'),
  },
  {
    name: 'undone-once',
    fix: 'resource: knob/once',
    arrange: (scene) => pastEffects(scene, 'undone-once', reversals('knob/once').slice(1)),
    says: acts(),
  },
  {
    name: 'rolling',
    arrange: ({ hale }) =>
      hale.pool.query(
        `insert into changes (key, source, service, kind, state, summary, at) values ('k', 'ci', 'rolling', 'deploy', 'started', 'v2.1', to_timestamp($1::float8 / 1000))`,
        [Math.floor(Date.now() / 60_000) * 60_000 - 120_000],
      ),
    says: refuses('rollout', 'v2.1 is being rolled out since ROLLOUT'),
  },
  {
    name: 'worked-on',
    arrange: (scene) => switchesOf(scene).work('worked-on', noon, order('w')),
    says: refuses('person', `ada works on worked-on until ${new Date(noon).toISOString()}`),
  },
  {
    name: 'taken-over',
    service: 'instances: [a, b]',
    instance: 'a',
    arrange: ({ hale }) => hale.ports.controls.hold('taken-over', 'b', 'takenOver', 'inc-0'),
    says: refuses('person', 'a person has taken over taken-over/b (inc-0)'),
  },
  { name: 'silenced', says: refuses('silence', `eve silenced its alerts until ${text(noon)}: disk swap`) },
  {
    name: 'closed-window',
    service: 'changesOnlyIn: [never]',
    says: refuses('outsideWindow', 'changes are made only in the window never, which is closed'),
  },
  { name: 'open-window', service: 'changesOnlyIn: [always]', says: acts() },
];

const budgeted: readonly GateCase[] = [
  {
    name: 'per-service',
    arrange: (scene) => pastEffects(scene, 'per-service', [{}, {}]),
    says: refuses('budget', 'the budget of per-service is used up: 2 of 2 corrections within 1h'),
  },
  {
    name: 'per-class',
    service: 'class: web',
    others: brokenService('web-2', ', class: web'),
    arrange: (scene) => pastEffects(scene, 'web-2', [{}, {}, {}]),
    says: refuses('budget', 'the budget of class web is used up: 3 of 3 corrections within 2h'),
  },
  {
    name: 'per-team',
    service: 'team: payments',
    others: brokenService('pay-2', ', team: payments'),
    arrange: (scene) => pastEffects(scene, 'pay-2', [{}, {}, {}, {}]),
    says: refuses('budget', 'the budget of team payments is used up: 4 of 4 corrections within 3h'),
  },
  {
    name: 'per-correction',
    arrange: (scene) => pastEffects(scene, 'per-correction', [{ agoMs: 5 * HOUR }]),
    says: refuses('budget', 'the budget of fix of per-correction is used up: 1 of 1 corrections within 6h'),
  },
];

const worlds = (alertmanager: string, closed: number): readonly GateWorld[] => [
  {
    name: 'a policy that gives way',
    head: `sources: {am: {alertmanager: '${alertmanager}'}}
time_intervals: [{name: always, time_intervals: [{}]}, {name: never, time_intervals: [{years: ['1999']}]}]
policy: {yieldTo: [alertmanagerSilence, maintenance, rolloutInProgress, person], errorBudget: {askBelow: 10%}}`,
    cases: alone,
  },
  {
    name: 'a policy with budgets',
    head: `classes: {web: {}}
teams: {payments: {}}
policy: {budgets: [{max: 2, in: 1h, per: service}, {max: 3, in: 2h, per: class}, {max: 4, in: 3h, per: team}, {max: 1, in: 6h, per: correction}]}`,
    cases: budgeted,
  },
  {
    name: 'a budget for everything',
    head: 'environment: prod\npolicy: {budgets: [{max: 9, in: 1h, per: service}, {max: 1, in: 1d, per: environment}]}',
    arrange: (scene) => pastEffects(scene, 'elsewhere', [{}]),
    cases: [
      {
        name: 'spent',
        others: healthyService('elsewhere'),
        says: refuses('budget', 'the budget of environment prod is used up: 1 of 1 corrections within 1d'),
      },
    ],
  },
  {
    name: 'maintenance',
    head: `time_intervals: [{name: sunday-night, time_intervals: [{}]}]
policy: {yieldTo: [maintenance], maintenance: [sunday-night]}`,
    cases: [{ name: 'maintained', says: refuses('maintenance', 'maintenance window sunday-night is open: people work here') }],
  },
  {
    name: 'an Alertmanager that is away',
    head: `sources: {am: {alertmanager: 'http://127.0.0.1:${closed}'}}\npolicy: {yieldTo: [alertmanagerSilence]}`,
    cases: [
      {
        name: 'blind-act',
        says: acts(`mode act: fix may be done; Alertmanager am can't be asked for silences: connect ECONNREFUSED 127.0.0.1:${closed}`),
      },
      { name: 'blind-refuse', fix: 'level: 0', says: refuses('levelRecord', 'level 0: hale would have done fix') },
    ],
  },
  {
    name: 'a storm without a source',
    head: 'policy: {storm: {services: 10%, within: 2m}}',
    arrange: (scene) => inTrouble(scene, 'member', 'cart', 'mail'),
    cases: [
      {
        name: 'member',
        others: `${healthyService('cart')}\n${healthyService('mail')}`,
        says: refuses(
          'storm',
          "storm: 3 of 3 services are in trouble at once, with no source that hale knows: it is one incident, INCIDENT, and a person's",
        ),
      },
    ],
  },
  {
    name: 'a storm with a source',
    head: 'policy: {storm: {services: 10%, within: 2m}}',
    arrange: (scene) => inTrouble(scene, 'source', 'cart', 'mail'),
    cases: [
      {
        name: 'source',
        others: `${healthyService('cart', ', dependsOn: [source]')}\n${healthyService('mail', ', dependsOn: [cart]')}`,
        says: acts(),
      },
    ],
  },
  {
    name: 'stop',
    head: 'environment: test',
    arrange: (scene) => switchesOf(scene).stop(order('s')),
    cases: [{ name: 'stopped', says: refuses('stop', 'automation is stopped: nothing is changed until `hale resume --all`') }],
  },
  {
    name: 'what hale stands on',
    head: 'environment: test',
    cases: [
      {
        name: 'own-temporal',
        fix: `http: 'http://${env.address}/api/reset'`,
        says: refuses('ownGround', "fix would act on hale's own Temporal, which hale only observes"),
      },
    ],
  },
];

async function inTrouble({ hale }: Scene, ...services: readonly string[]): Promise<void> {
  for (const service of services) await hale.ports.storms.note({ service, since: Date.now(), by: 'test' });
}

/** What varies from run to run and is in the sentence, in the words of the table. */
const settled = (sentence: string): string =>
  sentence
    .replace(/\b(inc|past)-\d+\b/, 'INCIDENT')
    .replace(/until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'until THAW')
    .replace(/(rolled out since )\S+$/, '$1ROLLOUT');

const explained = async ({ taskQueue }: Hale, { name, instance }: GateCase): Promise<DryRun['steps'][number]> => {
  const run = (await env.client.workflow.execute('dryRun', {
    taskQueue,
    workflowId: dryRunWorkflowId(name, instance),
    workflowIdConflictPolicy: 'TERMINATE_EXISTING',
    args: [{ service: name, instance, correction: 'fix', by: 'test' }],
  })) as DryRun;
  const [step] = run.steps;
  if (step === undefined) throw new Error(`nothing was explained of ${name}`);
  return step;
};

const answerOf = (step: DryRun['steps'][number]): GateAnswer => {
  if (step.kind === 'considered') return step.answer;
  throw new Error(`${step.correction} was not considered: ${step.why}`);
};

/** Runs the real cycle until the gate has spoken and that is on record, and answers what it said. */
async function storedByCycle(hale: Hale, { name, instance }: GateCase): Promise<GateAnswer> {
  const handle = await env.client.workflow.start('healingCycle', {
    taskQueue: hale.taskQueue,
    workflowId: healWorkflowId(name, instance),
    workflowIdConflictPolicy: 'TERMINATE_EXISTING',
    args: [{ service: name, instance, by: 'test' }],
  });
  const find = async (): Promise<GateAnswer | undefined> =>
    (
      await hale.pool.query<{ data: GateAnswer }>(
        `select body::jsonb->'data' as data from events where body::jsonb->>'service' = $1 and body::jsonb->>'kind' like 'gate.%' order by seq limit 1`,
        [name],
      )
    ).rows[0]?.data;
  await expect
    .poll(find, { timeout: 60_000, interval: 100 })
    .toBeDefined()
    .catch(async () => {
      throw new Error(`the cycle of ${name} never asked the gate: ${JSON.stringify(await handle.query('state').catch(String))}`);
    });
  await handle.terminate('the gate has spoken').catch(() => undefined);
  const { kind, rule, sentence } = (await find()) as GateAnswer;
  return { kind, rule, sentence };
}

async function silence(url: string): Promise<void> {
  const matchers = [{ name: 'service', value: 'silenced', isRegex: false, isEqual: true }];
  const body = {
    matchers,
    startsAt: new Date().toISOString(),
    endsAt: new Date(noon).toISOString(),
    createdBy: 'eve',
    comment: 'disk swap',
  };
  const answer = await fetch(`${url}/api/v2/silences`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`the silence was not taken: ${answer.status} ${await answer.text()}`);
}

/** A port where nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Compared {
  readonly name: string;
  readonly expected: GateCase['says'];
  readonly explained: GateAnswer;
  readonly stored: GateAnswer;
}

async function compare(world: GateWorld): Promise<Compared[]> {
  const knob = await freshKnob();
  const hale = await haleWith(env, yamlOf(world, knob.program));
  return hale.working(async () => {
    const scene: Scene = {
      hale,
      client: env.client,
      noon,
      proposal: async (service) => {
        const step = await explained(hale, { name: service, says: acts() });
        return step.kind === 'considered' ? step.proposal : '';
      },
    };
    await world.arrange?.(scene);
    for (const one of world.cases) await one.arrange?.(scene);
    const said = await Promise.all(world.cases.map(async (one) => answerOf(await explained(hale, one))));
    const stored = await Promise.all(world.cases.map((one) => storedByCycle(hale, one)));
    return world.cases.flatMap(({ name, says }, index): Compared[] => {
      const [explanation, record] = [said[index], stored[index]];
      return explanation && record ? [{ name, expected: says, explained: explanation, stored: record }] : [];
    });
  });
}

describe('what `gate explain` says is what the real cycle stores, word by word', () => {
  test('in every state that a policy knows', { timeout: 240_000 }, async () => {
    const alertmanager = await startAlertmanager({ config: 'route: {receiver: nobody}\nreceivers: [{name: nobody}]\n' });
    onTestFinished(() => alertmanager.stop());
    await silence(alertmanager.url);
    const compared: Compared[] = [];
    for (const world of worlds(alertmanager.url, await closedPort())) compared.push(...(await compare(world)));
    onTestFinished(() => console.log(`gate explain equals the cycle: ${compared.filter(same).length} of ${compared.length}`));
    const told = compared.map(({ name, explained: { kind, rule, sentence } }) => [name, kind, rule, settled(sentence)]);
    expect(told).toEqual(compared.map(({ name, expected: [kind, rule, sentence] }) => [name, kind, rule, settled(sentence)]));
    expect(compared.map(({ name, stored }) => [name, stored])).toEqual(compared.map(({ name, explained: answer }) => [name, answer]));
    expect(compared.length).toBeGreaterThanOrEqual(40);
  });
});

const same = ({ explained: one, stored: other }: Compared): boolean =>
  one.kind === other.kind && one.rule === other.rule && one.sentence === other.sentence;
