import { z } from 'zod';
import { changeKinds, changeStates } from '../domain/change.js';
import { outcomes } from '../domain/outcome.js';
import { measuredStates, serviceStates } from '../domain/service-state.js';
import { phases } from './cycle.js';

/** What `hale ... --json` prints: public API. Fields may be added, never renamed or removed. Times are ISO 8601, UTC. */

const time = z.iso.datetime();
const maybe = <T extends z.ZodType>(schema: T) => schema.nullable();

export const failureCodes = ['bug', 'usage', 'notFound', 'notAllowed', 'unreachable', 'refused', 'trouble', 'timeout'] as const;

export const failure = z.object({
  schemaVersion: z.literal(1),
  error: z.object({ code: z.enum(failureCodes), message: z.string(), hint: maybe(z.string()) }),
});

export const envelope = <T extends z.ZodType>(data: T) => z.object({ schemaVersion: z.literal(1), data });

const openIncident = z.object({
  id: z.string(),
  service: z.string(),
  instance: maybe(z.string()),
  /** ended: its cycle was terminated before it closed the incident. storm: many services at once, with no cycle of its own. */
  state: z.enum(['healing', 'waiting', 'ended', 'storm']),
  startedAt: time,
  /** null when Temporal or every worker is away: nobody can tell. */
  phase: maybe(z.enum(phases)),
  sentence: maybe(z.string()),
  ask: maybe(z.object({ proposal: z.string(), correction: z.string(), expiresAt: time })),
});

/** What the last readings say, whatever the state: a service that is stopped, paused or held may be down all the same. */
const measured = z.object({ state: z.enum(measuredStates), sentence: z.string() });

/** What was turned back too often, so that only a person touches it until then. */
const frozen = z.object({ resource: z.string(), until: time, incident: z.string() });

const member = z.object({
  name: z.string(),
  state: z.enum(serviceStates),
  why: maybe(z.string()),
  measured,
  frozen: maybe(frozen),
});

/** An incident that ended, and because of which hale keeps its hands off until a person resumes the service. */
const heldIncident = z.object({
  id: z.string(),
  service: z.string(),
  instance: maybe(z.string()),
  outcome: z.enum(outcomes),
  since: time,
  sentence: maybe(z.string()),
  next: z.string(),
});

/** Something that is neither as it was nor as it should be, at which nobody has said to have looked. */
const strandedEffect = z.object({
  actionId: z.string(),
  incident: z.string(),
  service: z.string(),
  instance: maybe(z.string()),
  correction: z.string(),
  resource: z.string(),
  why: maybe(z.string()),
  next: z.string(),
});

export const status = z.object({
  asOf: time,
  temporal: z.object({ address: maybe(z.string()), namespace: maybe(z.string()), reachable: z.boolean() }),
  web: z.object({ url: maybe(z.string()) }),
  database: z.object({ url: z.string() }),
  processes: z.array(z.object({ role: z.string(), pid: z.number().int() })),
  stopped: maybe(z.object({ by: z.string(), since: time })),
  /** Many services at once as one incident; hale corrects nothing but its source meanwhile. */
  storm: maybe(z.object({ incident: z.string(), since: time, source: maybe(z.string()) })),
  /** Who said by `hale work` that they are at a service. */
  atWork: z.array(z.object({ service: z.string(), by: z.string(), until: time })),
  /** No configuration was taken up yet, so that no service is known. */
  starting: z.boolean(),
  services: z.array(member.extend({ instances: z.array(member) })),
  incidents: z.array(openIncident),
  heldIncidents: z.array(heldIncident),
  /** Channels by which people can't be called now, and how many messages wait there. */
  failingChannels: z.array(
    z.object({ channel: z.string(), since: time, failures: z.number().int(), why: z.string(), waiting: z.number().int() }),
  ),
  strandedEffects: z.array(strandedEffect),
});

/** One action that may have touched the world. */
const attempt = z.object({
  actionId: z.string(),
  correction: z.string(),
  state: z.string(),
  verdict: maybe(z.enum(['held', 'unchanged', 'worse', 'noData'])),
  undone: z.boolean(),
});

export const incident = z.object({
  id: z.string(),
  service: z.string(),
  instance: maybe(z.string()),
  workflowId: z.string(),
  outcome: maybe(z.enum(outcomes)),
  sentence: maybe(z.string()),
  startedAt: time,
  endedAt: maybe(time),
  /** Above 1 after a relapse: then it was not under way all the time from `startedAt` to `endedAt`. */
  cycleCount: z.number().int(),
  /** The incident of the storm that this one is part of. */
  partOf: maybe(z.string()),
  attempts: z.array(attempt),
});

export const incidents = z.array(incident);

/** What people or machines changed about a service. */
const change = z.object({
  service: z.string(),
  kind: z.enum(changeKinds),
  state: z.enum(changeStates),
  summary: z.string(),
  reference: maybe(z.string()),
  by: maybe(z.string()),
  source: z.string(),
  at: time,
  finishedAt: maybe(time),
});

export const changes = z.array(change);

/** `state` says what became of it: waiting, report, recorded, unmatched or self. */
const alert = z.object({
  source: z.string(),
  status: z.enum(['firing', 'resolved']),
  labels: z.record(z.string(), z.string()),
  startsAt: time,
  receivedAt: time,
  state: z.string(),
  why: maybe(z.string()),
  services: z.array(z.string()),
});

export const alerts = z.array(alert);

/** One incident with all that is on record: its cycles, effects and ledger lines. */
export const incidentDetail = incident.extend({
  /** Of its service, from an hour before it began until it ended. */
  changes: z.array(change),
  /** What waits for a decision now, in the words of the page; null where nothing does, or where no worker can be asked. */
  ask: maybe(z.record(z.string(), z.string())),
  /** Of a storm: the incidents that are part of it. */
  parts: z.array(z.string()),
  cycles: z.array(z.object({ cycle: z.string(), by: z.string(), startedAt: time, endedAt: maybe(time), outcome: maybe(z.string()) })),
  effects: z.array(
    z.object({
      actionId: z.string(),
      correction: z.string(),
      resource: z.string(),
      state: z.string(),
      before: z.string(),
      after: maybe(z.string()),
      why: maybe(z.string()),
    }),
  ),
  events: z.array(z.object({ seq: z.number().int(), at: time, kind: z.string(), data: z.record(z.string(), z.unknown()) })),
});

/** What was under way when a person stopped everything, and how it stood when the command returned. */
export const stopped = z.object({
  already: maybe(z.object({ by: z.string(), since: time })),
  inFlight: z.array(z.object({ actionId: z.string(), service: z.string(), correction: z.string(), before: z.string(), after: z.string() })),
  halfDone: z.array(z.object({ actionId: z.string(), incident: z.string(), state: z.string(), undo: z.string(), keep: z.string() })),
});

export const keyRetired = z.object({ payloadKey: z.string(), histories: z.number() });

export const pageTest = z.object({
  channels: z.array(z.object({ channel: z.string(), arrived: z.boolean(), answer: maybe(z.string()) })),
});

/** Changes that were not undone and of which nobody has said that they stay, oldest first. */
export const effectsInForce = z.array(
  z.object({
    actionId: z.string(),
    incident: z.string(),
    service: z.string(),
    instance: maybe(z.string()),
    /** The team of the service; null where it has none. */
    owner: maybe(z.string()),
    correction: z.string(),
    resource: z.string(),
    state: z.string(),
    undo: maybe(z.string()),
    before: z.string(),
    after: maybe(z.string()),
    why: maybe(z.string()),
    since: time,
    next: z.string(),
  }),
);

const gateAnswer = z.object({ kind: z.enum(['act', 'ask', 'refuse']), rule: z.string(), sentence: z.string() });

/** One correction as a cycle would find it now. `answer` is null where it would not be tried; `why` then says why. */
const dryStep = z.object({
  kind: z.enum(['considered', 'skipped']),
  correction: z.string(),
  why: maybe(z.string()),
  proposal: maybe(z.string()),
  before: maybe(z.string()),
  goal: maybe(z.string()),
  answer: maybe(gateAnswer),
  /** Everything else that speaks against acting. */
  objections: z.array(gateAnswer),
  /** What the policy looked at; times in ms since the epoch. */
  facts: maybe(z.record(z.string(), z.unknown())),
});

const considered = { service: z.string(), instance: maybe(z.string()), configVersion: z.string() };

export const dryRun = z.object({
  ...considered,
  seen: maybe(z.object({ kind: z.enum(['broken', 'waits', 'clear', 'noData']), sentence: z.string() })),
  steps: z.array(dryStep),
});

export const explanation = z.object({ ...considered, ...dryStep.shape });

export const word = z.object({ said: z.array(z.string()) });

/** `why` is null when the cycle replays. */
export const replayed = z.object({
  cycles: z.array(z.object({ cycle: z.string(), workflowId: z.string(), why: maybe(z.string()) })),
});

/** `for`: the corrections that need it, as `service/correction`. */
export const permissions = z.object({
  permissions: z.array(
    z.object({
      where: z.string(),
      kind: z.enum(['grant', 'call', 'sudoers', 'forcedCommand', 'file', 'program', 'push', 'request', 'module', 'role']),
      line: z.string(),
      for: z.array(z.string()),
    }),
  ),
});

/**
 * `name` is the part, or the place as `permissions` names it. trouble: something is missing. unknown: it was asked, and nobody can
 * tell. warning: hale may do more than it needs. notAsked: only doing it would tell.
 */
export const doctor = z.object({
  checks: z.array(
    z.object({
      name: z.string(),
      result: z.enum(['ok', 'trouble', 'unknown', 'warning', 'notAsked']),
      sentence: z.string(),
      command: maybe(z.string()),
    }),
  ),
});

export type Status = z.infer<typeof status>;
export type OpenIncident = z.infer<typeof openIncident>;
export type HeldIncident = z.infer<typeof heldIncident>;
export type StrandedEffect = z.infer<typeof strandedEffect>;
export type EffectsInForce = z.infer<typeof effectsInForce>;
export type Incident = z.infer<typeof incident>;
export type IncidentDetail = z.infer<typeof incidentDetail>;
export type PageTest = z.infer<typeof pageTest>;
export type ChangeRecord = z.infer<typeof change>;
export type AlertRecord = z.infer<typeof alert>;
export type Stopped = z.infer<typeof stopped>;
export type Replayed = z.infer<typeof replayed>;
export type Check = z.infer<typeof doctor>['checks'][number];
export type DryRun = z.infer<typeof dryRun>;
export type DryStep = z.infer<typeof dryStep>;
export type Explanation = z.infer<typeof explanation>;
export type FailureCode = (typeof failureCodes)[number];
