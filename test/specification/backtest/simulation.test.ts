// Plays short histories to the simulation: what the policy, the plan and the watch make of them, moment by moment.
import { expect, test } from 'vitest';
import { modeNow } from '../../../contracts/configuration/mode.js';
import { evaluableOf } from '../../../domain/backtest/evaluable.js';
import { Simulation } from '../../../domain/backtest/simulation.js';
import { check } from '../../support/configuration.js';

const start = Date.UTC(2026, 10, 1);
const stepMs = 60_000;

/** Configures the services, each with `up` over its own series, and plays minutes in which those named are down. */
async function played(services: string, minutes: number, down: (service: string, minute: number) => boolean | undefined, policy = '') {
  const text = `apiVersion: hale/v1
sources: {prom: {prometheus: 'http://127.0.0.1:1'}}
${policy}
classes:
  one:
    signals: {up: {source: prom, query: 'up{job="$service"}', every: 1m}}
    objectives: {up: {above: 0, for: 2m, silence: 10m}}
services:
${services}`;
  const checked = await check({ 'hale.yaml': text });
  if (checked.kind === 'refused') throw new Error(JSON.stringify(checked.errors));
  const simulation = new Simulation(checked.fleet, modeNow);
  for (let minute = 0; minute < minutes; minute += 1) {
    const now = start + minute * stepMs;
    const answers = simulation.questions.map((question) => {
      const isDown = down(question.service, minute);
      if (isDown === undefined) return { question, reading: { kind: 'noData', at: now, reason: 'absent', detail: '' } as const };
      return { question, reading: { kind: 'value', at: now, value: isDown ? 0 : 1 } as const };
    });
    simulation.take(answers, now);
  }
  return { troubles: simulation.troubles(), hours: simulation.hours() };
}

const service = (name: string, corrections: string, more = ''): string => `  ${name}: {class: one, ${more}corrections: {${corrections}}}\n`;
const restart = 'restart: {exec: [/bin/true], undo: nothingToRestore, mode: act, cooldown: 30m}';
const within = (minute: number, from: number, to: number): boolean => minute >= from && minute < to;
const minuteOf = (at: number): number => (at - start) / stepMs;

test('what recovers alone within a wait is proposed nothing for', async () => {
  const { troubles } = await played(service('a', `wait: {for: 3m, within: 1m}, ${restart}`), 30, (_, minute) => within(minute, 5, 9));
  expect(troubles).toMatchObject([{ proposals: [], calls: [], waits: [{ why: 'wait: it may recover alone within 240s' }] }]);
});

test('a relapse joins the trouble before it, and cools down before the same is proposed again', async () => {
  const { troubles } = await played(service('a', restart), 60, (_, minute) => within(minute, 5, 10) || within(minute, 15, 50));
  expect(troubles).toHaveLength(1);
  expect(troubles[0]?.findings).toHaveLength(2);
  expect(troubles[0]?.proposals.map(({ at }) => minuteOf(at))).toEqual([7, 37]);
  expect(troubles[0]?.waits.map(({ why }) => why)).toEqual(['restart acted less than 1800s ago']);
});

test('what comes back later is another trouble', async () => {
  const { troubles } = await played(service('a', restart), 90, (_, minute) => within(minute, 5, 10) || within(minute, 60, 70));
  expect(troubles.map(({ foundAt, endedAt }) => [minuteOf(foundAt), minuteOf(endedAt ?? 0)])).toEqual([
    [7, 10],
    [62, 70],
  ]);
});

test('a budget counts what would have been done, over all services that draw on it', async () => {
  const fleet = service('a', restart) + service('b', restart);
  const policy = 'policy: {budgets: [{max: 1, in: 1h, per: environment}]}';
  const { troubles } = await played(fleet, 40, (name, minute) => within(minute, name === 'a' ? 5 : 12, name === 'a' ? 10 : 20), policy);
  expect(troubles.map(({ proposals }) => proposals.map(({ answer }) => answer.rule))).toEqual([['modeAct'], ['budget']]);
});

test('outside of its window a change is refused with the name of the window', async () => {
  const policy = "time_intervals: [{name: office, time_intervals: [{times: [{start_time: '09:00', end_time: '17:00'}]}]}]";
  const fleet = service('a', restart, 'changesOnlyIn: [office], ');
  const { troubles } = await played(fleet, 20, (_, minute) => within(minute, 5, 15), policy);
  expect(troubles[0]?.proposals[0]?.answer).toMatchObject({ kind: 'refuse', rule: 'outsideWindow' });
});

test('in a storm nothing is proposed but for its source, and what is left when it ends is looked at again', async () => {
  const fleet = ['a', 'b', 'c', 'd'].map((name) => service(name, restart)).join('');
  const policy = 'policy: {storm: {services: 50%, within: 5m}}';
  const { troubles } = await played(fleet, 40, (name, minute) => name !== 'd' && within(minute, 5, name === 'a' ? 20 : 8), policy);
  expect(troubles.map(({ service: name }) => name)).toEqual(['a', 'b', 'c']);
  expect(troubles.map(({ proposals }) => proposals.map(({ at }) => minuteOf(at)))).toEqual([[8], [], []]);
  expect(troubles[0]?.waits[0]?.why).toContain('storm: 3 of 4 services are in trouble at once');
});

test('while a dependency is broken nothing is proposed, and a wait that lasts too long calls a person', async () => {
  const fleet = service('db', '') + service('api', restart, 'dependsOn: [db], limits: {escalateAfter: 10m}, ');
  const { troubles } = await played(fleet, 40, (name, minute) => within(minute, name === 'db' ? 5 : 6, 30));
  expect(troubles[0]).toMatchObject({ service: 'db', proposals: [], calls: [{ why: 'no correction applies' }] });
  expect(troubles[1]).toMatchObject({ service: 'api', proposals: [], calls: [{ why: 'waiting for db, which this service depends on' }] });
  expect(minuteOf(troubles[1]?.calls[0]?.at ?? 0)).toBe(16);
});

test('when all is without data at once it is the monitoring, and no service is in trouble', async () => {
  const fleet = service('a', restart) + service('b', restart);
  const { troubles, hours } = await played(fleet, 60, (_, minute) => (within(minute, 20, 50) ? undefined : false));
  expect(troubles).toEqual([]);
  expect(hours.watchedMs).toBe(2 * 59 * stepMs);
  expect(hours.quietMs).toBe(hours.watchedMs);
  // A gap is noticed when the data before it are too old to speak for the present.
  expect(hours.noDataMs).toBe(2 * 21 * stepMs);
});

test('a correction in mode observe is proposed, and the next ones of the plan are not', async () => {
  const corrections = `first: {exec: [/bin/true], undo: nothingToRestore}, ${restart}`;
  const { troubles } = await played(service('a', corrections), 20, (_, minute) => within(minute, 5, 15));
  expect(troubles[0]?.proposals.map(({ correction, answer }) => [correction, answer.rule])).toEqual([['first', 'modeObserve']]);
});

test('what a controller owns is refused with its name, and the next correction is looked at', async () => {
  const fleet = service('a', `${restart}, wait: {for: 1m, mode: ask}`, 'target: {source: eu, deployment: x/a, managedBy: argocd}, ');
  const text = fleet.replaceAll('source: eu, ', '');
  const { troubles } = await played(text, 20, (_, minute) => within(minute, 5, 15));
  expect(troubles[0]?.proposals.map(({ correction, answer }) => [correction, answer.kind, answer.rule])).toEqual([
    ['restart', 'refuse', 'owner'],
    ['wait', 'ask', 'modeAsk'],
  ]);
});

test('parts of which Prometheus keeps no history are named with what hangs on them', async () => {
  const checked = await check({
    'hale.yaml': `apiVersion: hale/v1
sources: {prom: {prometheus: 'http://127.0.0.1:1'}}
services:
  a:
    signals:
      page: {http: 'http://127.0.0.1:1/'}
      share: {source: prom, query: x, onlyIf: {page: {above: 0}}}
      fine: {source: prom, query: y}
    objectives: {page: {above: 0}, share: {below: 1}, fine: {below: 1}}
    corrections:
      good: {release: /srv/current, onlyIf: {changedWithin: 30m}}
      end: {postgres: cancelQuery, target: {postgres: [db], user: u}}
      restart: {exec: [/bin/true]}
`,
  });
  if (checked.kind === 'refused') throw new Error(JSON.stringify(checked.errors));
  const { services, notEvaluable } = evaluableOf(checked.fleet);
  expect(services[0]?.objectives.map(({ name }) => name)).toEqual(['fine']);
  expect(notEvaluable.map(({ part, why }) => `${part}: ${why}`)).toEqual([
    'signals.page: Prometheus keeps no history of signals of kind http',
    'signals.share: its condition is on page, of which there is no history',
    'objectives.page: its signal is page',
    'objectives.share: its signal is share',
    'corrections.good: onlyIf changedWithin: when its target changed is not in the history',
    'corrections.end: what its sessions did is not in the history',
  ]);
});
