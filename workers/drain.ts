import { once, setMaxListeners } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { Ports } from '../activities/ports.js';
import type { Alerts, WaitingAlert } from '../adapters/postgres/alerts.js';
import { whomOf } from '../contracts/configuration/alert-target.js';
import { alertName, alertSeverity, fateOf, type About, type AlertFate } from '../domain/alert.js';
import { measuresHealthy } from '../activities/dependency-state.js';
import { memberKey } from '../domain/detection/finding.js';
import type { AlertFinding } from '../domain/finding.js';
import type { Fleet } from '../domain/service.js';
import type { Storm } from '../domain/storm.js';

type Needs = Pick<Ports, 'configurations' | 'cycles' | 'controls' | 'incidents' | 'meters' | 'samples' | 'storms'> & {
  readonly alerts: Alerts;
};

const BATCH = 500;
const AT_ONCE = 8;
/** Alerts of one cause come together: so long a first one waits for the others, so that a storm is seen as one. */
const GATHER_MS = 500;
/** Who does not answer for so long is not known to be healthy. */
const MEASURE_MS = 2_000;
const KEPT_MS = 30 * 24 * 3_600_000;
const FORGET_EVERY_MS = 3_600_000;

/** Tells the cycles about what was taken in since the last time; answers how many alerts were settled. */
export async function drainOnce(ports: Needs): Promise<number> {
  const fleet = await ports.configurations.current();
  if (fleet === undefined) return 0;
  const waiting = await ports.alerts.take(BATCH);
  if (waiting.length === 0) return 0;
  const decided = waiting.map((alert) => ({ alert, fate: decide(fleet, alert, Date.now()) }));
  const heard = await reportAll(ports, fleet, decided);
  const settled = decided.flatMap(({ alert, fate }) => {
    const after = fate.kind === 'report' ? reported(fate, heard.get(alert.id) ?? []) : fate;
    return after === undefined ? [] : [{ alert, fate: after }];
  });
  for (const { alert, fate } of settled) if (fate.kind === 'self') await callPerson(ports, alert);
  await ports.alerts.settle(settled.map(({ alert, fate }) => ({ id: alert.id, fate })));
  const done = new Set(settled.map(({ alert }) => alert.id));
  await ports.alerts.giveBack(waiting.map(({ id }) => id).filter((id) => !done.has(id)));
  return settled.length;
}

interface Decided {
  readonly alert: WaitingAlert;
  readonly fate: AlertFate;
}

const decide = (fleet: Fleet, alert: WaitingAlert, now: number): AlertFate =>
  fateOf({ ...alert, occurrence: alert.id }, alert.record, whomOf(fleet, alert.labels), now);

/** What became of one report: it reached a cycle, it was kept from one for a reason, or nobody heard it and it is made again. */
type Heard = { readonly kind: 'arrived' } | { readonly kind: 'keptBack'; readonly why: string } | { readonly kind: 'lost' };

/** undefined when a report of it was lost. */
function reported(fate: AlertFate, heard: readonly Heard[]): AlertFate | undefined {
  if (heard.some(({ kind }) => kind === 'lost')) return undefined;
  const reasons = heard.flatMap((one) => (one.kind === 'keptBack' ? [one.why] : []));
  return reasons.length === heard.length ? { kind: 'recorded', why: reasons.join('; ') } : fate;
}

/** One report a service or instance, of the alert that fires the longest. Answers by alert what became of its reports. */
async function reportAll(ports: Needs, fleet: Fleet, decided: readonly Decided[]): Promise<ReadonlyMap<string, readonly Heard[]>> {
  const groups = new Map<string, { readonly finding: AlertFinding; readonly ids: readonly string[] }>();
  for (const { alert, fate } of decided) {
    for (const about of fate.kind === 'report' ? fate.about : []) {
      const finding = findingOf(alert, about);
      const known = groups.get(memberKey(about));
      groups.set(memberKey(about), { finding: known ? stronger(known.finding, finding) : finding, ids: [...(known?.ids ?? []), alert.id] });
    }
  }
  const all = [...groups.values()];
  const healthy = await measuredHealthy(ports, fleet, new Set(all.map(({ finding }) => finding.service)));
  const around = ({ service, onset, source }: AlertFinding): Promise<Storm | undefined> =>
    healthy.has(service) ? ports.storms.current() : ports.storms.note({ service, since: onset, by: `alert from ${source}` });
  // All are noted before any is reported: those that come together may be a storm, and then only its source has a cycle.
  await mapSome(all, ({ finding }) => around(finding));
  const heard = new Map<string, readonly Heard[]>();
  await mapSome(all, async ({ finding, ids }) => {
    const one = await report(ports, finding, around);
    for (const id of ids) heard.set(id, [...(heard.get(id) ?? []), one]);
  });
  return heard;
}

/**
 * Those that an alert alone puts into no storm: hale measures them healthy now. All together within a time: a storm is to be
 * seen before the first cycle starts, and who hangs is not healthy.
 */
async function measuredHealthy(ports: Needs, fleet: Fleet, services: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const healthy = new Set<string>();
  if (fleet.policy?.storm === undefined) return healthy;
  const giveUp = new AbortController();
  setMaxListeners(0, giveUp.signal); // Each request that is under way listens to it.
  const timer = setTimeout(() => giveUp.abort(), MEASURE_MS);
  const measured = mapSome([...services], async (service) => {
    if (giveUp.signal.aborted) return;
    const isHealthy = await measuresHealthy(ports, { service, configVersion: fleet.version }, giveUp.signal).catch(() => false);
    if (isHealthy && !giveUp.signal.aborted) healthy.add(service);
  });
  await Promise.race([measured, once(giveUp.signal, 'abort')]).finally(() => clearTimeout(timer));
  return new Set(healthy);
}

/** A few at once: neither Temporal nor the database is flooded by a flood of alerts. */
async function mapSome<T>(list: readonly T[], work: (one: T) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < list.length; from += AT_ONCE) await Promise.all(list.slice(from, from + AT_ONCE).map(work));
}

/** Of a storm only the source has a cycle, and a service that is held is a person's: watch does not report about the others either. */
async function report(ports: Needs, finding: AlertFinding, around: (finding: AlertFinding) => Promise<Storm | undefined>): Promise<Heard> {
  try {
    const storm = await around(finding);
    if (storm !== undefined && storm.source !== finding.service) return { kind: 'keptBack', why: `part of the storm ${storm.incident}` };
    const hold = await ports.controls.held(finding.service, finding.instance);
    if (hold !== undefined) return { kind: 'keptBack', why: `${finding.service} is held since a cycle ended ${hold.outcome}` };
    await ports.cycles.report(finding);
    return { kind: 'arrived' };
  } catch {
    return { kind: 'lost' };
  }
}

const findingOf = ({ labels, source, startsAt }: WaitingAlert, about: About): AlertFinding => ({
  kind: 'alert',
  ...about,
  alert: alertName(labels),
  source,
  onset: startsAt,
  severity: alertSeverity(labels),
});

const stronger = (one: AlertFinding, other: AlertFinding): AlertFinding => ({
  ...(other.onset < one.onset ? other : one),
  severity: one.severity === 'critical' ? 'critical' : other.severity,
});

/** About hale itself nothing is acted upon. */
function callPerson({ incidents }: Needs, { id, source, labels }: WaitingAlert): Promise<void> {
  const sentence = `${source} says that ${alertName(labels)} fires, which is about hale itself: hale does nothing about it`;
  return incidents.note({ key: `alert/${id}/self`, kind: 'person.called', service: 'hale', data: { why: 'self', sentence } });
}

/** Rings are kept until somebody waits for one. */
export function doorbell(): { readonly ring: () => void; readonly rung: () => Promise<void> } {
  let [isRung, open] = [false, (): void => undefined];
  return {
    ring: () => {
      isRung = true;
      open();
    },
    rung: () =>
      new Promise((resolve) => {
        open = () => {
          isRung = false;
          resolve();
        };
        if (isRung) open();
      }),
  };
}

/** Drains until aborted: at once when `woken` resolves, else after `everyMs`. Any number of workers may do so. */
export async function drainAlerts(
  ports: Needs,
  {
    everyMs,
    woken,
    abort,
    failed,
  }: {
    readonly everyMs: number;
    readonly woken: () => Promise<void>;
    readonly abort: AbortSignal;
    readonly failed: (error: unknown) => void;
  },
): Promise<void> {
  let forgetAt = 0;
  while (!abort.aborted) {
    const drained = await drainOnce(ports).catch((error: unknown) => {
      failed(error);
      return 0;
    });
    if (Date.now() >= forgetAt) {
      forgetAt = Date.now() + FORGET_EVERY_MS;
      await ports.alerts.forget(KEPT_MS).catch(failed);
    }
    if (drained >= BATCH) continue;
    await Promise.race([woken(), wait(everyMs, undefined, { signal: abort }).catch(() => undefined)]);
    await wait(GATHER_MS, undefined, { signal: abort }).catch(() => undefined);
  }
}
