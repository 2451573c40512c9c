import type { AtOnce } from './gate/blast.js';
import type { Budget } from './gate/budget.js';
import type { FreezePolicy } from './gate/flapping.js';
import type { NamedInterval } from './gate/time-interval.js';
import type { StormPolicy } from './storm.js';
import type { Paging } from './channel.js';
import type { Feed } from './feed.js';
import type { IntakeSource, LabelMatcher, Labels } from './alert.js';
import type { ApprovalRules } from './approval.js';
import type { KubernetesAction } from './cluster.js';
import type { MachineAction } from './machine.js';

/** A service as hale acts on it: configuration with every template, override and default resolved. Times in ms. */
export interface Service {
  readonly name: string;
  readonly class?: string;
  readonly team?: string;
  readonly dependsOn: readonly string[];
  readonly instances?: Instances;
  readonly signals: readonly Signal[];
  readonly objectives: readonly Objective[];
  /** In the order of the file, which is the first plan. */
  readonly corrections: readonly Correction[];
  readonly order: 'learned' | 'fixed';
  readonly limits: Limits;
  /** The first that fits decides on a correction's mode. Those that ended are not here. */
  readonly overrides?: readonly Override[];
  /** Alerts that fit all of these are about this service; absent: those whose label `service` is its name. */
  readonly alerts?: readonly LabelMatcher[];
  /** Its alerts may be silenced while a cycle works on them. */
  readonly silence?: boolean;
  /** The controller that owns its target, by name: argocd, patroni, systemd... */
  readonly managedBy?: string;
  /** Names of time intervals: changes are made only while all of them are open. The policy's come first. */
  readonly changesOnlyIn?: readonly string[];
}

/** Another mode for part of a service until it ends; fits where all its matchers do. */
export interface Override {
  readonly match: readonly Matcher[];
  readonly mode: Mode;
  readonly untilMs: number;
  readonly why: string;
}

/** As in Alertmanager: regular expressions match the whole value, and a missing label is the empty text. */
export interface Matcher {
  readonly label: 'service' | 'instance' | 'correction';
  readonly operator: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

/** Members of a service: listed by hand, or found by one query whose label `by` names them. */
export type Instances =
  | { readonly kind: 'listed'; readonly names: readonly string[] }
  | {
      readonly kind: 'discovered';
      readonly source: PrometheusSource;
      readonly query: string;
      readonly by: string;
      readonly expect?: number;
    };

/** Bounds on what a cycle may do to this service. */
export interface Limits {
  readonly attemptsMax: number;
  readonly escalateAfterMs: number;
  readonly approvalExpiryMs: number;
  readonly pauseMsMax: number;
  /** How many instances may be acted on at once, and which share of them must be healthy meanwhile. */
  readonly atOnce?: AtOnce;
  readonly minHealthy?: number;
}

/** A Prometheus server. The bearer token is a reference, read at use. */
export interface PrometheusSource {
  readonly name: string;
  readonly url: string;
  readonly token?: SecretReference;
  readonly refreshMs: number;
  readonly queriesPerSecondMax: number;
}

/** Where a secret is read when it is needed. The secret itself never enters configuration, history or ledger. */
export type SecretReference = { readonly file: string } | { readonly env: string };

/** A Docker engine, by its socket (`unix:///var/run/docker.sock`) or by the http(s) URL of a proxy before it. */
export interface DockerSource {
  readonly name: string;
  readonly url: string;
  /** Secret under which the configuration of good containers is kept; without it hale keeps none. */
  readonly seal?: SecretReference;
}

/** Exactly one container: by its name, or by a label that no other one has. */
export type ContainerPick = { readonly container: string } | { readonly label: string };

export const dockerOperations = ['restart', 'hardRestart', 'start', 'stop', 'recreate', 'limits'] as const;
export type DockerOperation = (typeof dockerOperations)[number];

export interface SqlConnection {
  readonly hosts: readonly string[];
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password?: SecretReference;
  readonly role: 'primary' | 'replica' | 'any';
  /** Encrypted, to a server that the machine's authorities vouch for, or those in this file; absent: as PGSSLMODE says, else in clear. */
  readonly tls?: true | string;
}

interface SignalBase {
  readonly name: string;
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly perInstance: boolean;
  /** A sample older than this when it is read counts as `noData: stale`. */
  readonly staleAfterMs: number;
  /** The signal says something only while these other signals are within their bounds; else it is `noData`. */
  readonly onlyIf?: readonly { readonly signal: string; readonly bound: Bound }[];
}

export type Signal = SignalBase &
  (
    | {
        readonly kind: 'http';
        readonly url: string;
        /** `ok`: 1 when every expectation held, else 0. `latency`: seconds until the body was read. `status`: the status code. */
        readonly measure: 'ok' | 'latency' | 'status';
        readonly expect: { readonly status?: number; readonly body?: string };
      }
    | { readonly kind: 'scrape'; readonly url: string; readonly metric: string; readonly labels: Readonly<Record<string, string>> }
    | { readonly kind: 'promql'; readonly source: PrometheusSource; readonly query: string }
    | { readonly kind: 'sql'; readonly connection: SqlConnection; readonly sql: string }
    | { readonly kind: 'exec'; readonly argv: readonly string[]; readonly plugin: boolean }
  );

/** `above` and `below` name the healthy side; the bound itself is unhealthy (`above: 0` asks for more than 0). */
export type Bound = { readonly above: number } | { readonly below: number };

export interface Objective {
  readonly name: string;
  readonly signal: string;
  readonly bound: Bound;
  /** How long the bound must be broken before it is a breach. 0: the first bad reading is one. */
  readonly forMs: number;
  /** A breach needs at least `bad` of the last `of` readings to be bad. */
  readonly votes: { readonly bad: number; readonly of: number };
  /** Missing data for this long is a finding of its own kind, `silence`. */
  readonly silenceMs: number;
  /** How long the objective must stay met after a correction; longer than the known time to relapse. */
  readonly holdMs: number;
  readonly target?: { readonly ratio: number; readonly windowMs: number };
}

export type Mode = 'observe' | 'ask' | 'act';

/**
 * How far hale is trusted with a correction: 0 records, 1 suggests, 2 asks, 3 acts where nothing is lost and tells people, 4
 * acts. The stricter of mode and level decides; what is irreversible is asked for at any level.
 */
export const levels = [0, 1, 2, 3, 4] as const;
export type Level = (typeof levels)[number];

/** What undoing means: back as it was, nothing to bring back, something is lost for ever, or no way back at all. */
export const undoClasses = ['restores', 'nothingToRestore', 'loses', 'irreversible'] as const;
export type UndoClass = (typeof undoClasses)[number];

export interface Correction {
  readonly name: string;
  readonly mode: Mode;
  readonly level?: Level;
  readonly undo: UndoClass;
  /** An effect whose fate is unknown may be made again. */
  readonly repeatable: boolean;
  readonly action: Action;
  /** The symptom must be gone this long after the action, else the verdict is `unchanged`. */
  readonly settleMs: number;
  readonly holdMs: number;
  readonly timeoutMs: number;
  readonly cooldownMs: number;
  readonly onlyIf?: { readonly changedWithinMs: number };
  /** Who may decide where it asks. */
  readonly approvals: ApprovalRules;
  /** Whether alerts may be silenced from when it has begun until the next one has; without it the service says. */
  readonly silence?: boolean;
  /** Resource acted upon, when the configuration names it; else the provider derives it from the action. */
  readonly resource?: string;
  /** The controller whose own interface it uses; its program or request is the way through that one. */
  readonly through?: string;
}

/** What the runbook needs to know of a correction: everything but how it is done. */
export interface CorrectionBrief extends Omit<Correction, 'action' | 'onlyIf' | 'resource' | 'repeatable' | 'through' | 'silence'> {
  readonly provider: Action['kind'];
}

export function briefOf(correction: Correction): CorrectionBrief {
  const { name, mode, level, undo, settleMs, holdMs, timeoutMs, cooldownMs, approvals, action } = correction;
  const trust = level === undefined ? {} : { level };
  return { name, mode, ...trust, undo, settleMs, holdMs, timeoutMs, cooldownMs, approvals, provider: action.kind };
}

/** What a provider does. Each has exactly one provider, named by `kind`. */
export type Action =
  | {
      readonly kind: 'exec';
      readonly argv: readonly string[];
      readonly undoArgv?: readonly string[];
      readonly verifyArgv?: readonly string[];
    }
  | {
      readonly kind: 'http';
      readonly request: HttpRequest;
      readonly undoRequest?: HttpRequest;
      readonly verifyUrl?: string;
      readonly reach?: Reach;
    }
  | { readonly kind: 'file'; readonly path: string; readonly restore: 'lastGood'; readonly then?: readonly string[] }
  | { readonly kind: 'release'; readonly link: string; readonly restore: 'lastGood' | 'previous'; readonly then?: readonly string[] }
  | {
      readonly kind: 'postgres';
      readonly connection: SqlConnection;
      readonly statement: PostgresStatement;
      readonly spare: { readonly users: readonly string[]; readonly applications: readonly string[] };
      /** How long a query runs, a transaction lasts or a slot is unused at least, to be ended or dropped. */
      readonly olderThanMs: number;
      /** `vacuum`: the table, schema-qualified or not. */
      readonly table?: string;
      /** `setting`: what is to be in force in the whole cluster. */
      readonly setting?: { readonly name: string; readonly value: string };
      /** `dropSlot`: only while it keeps more WAL than this. */
      readonly slot?: { readonly name: string; readonly retainsBytes: number };
    }
  | GitAction
  | {
      readonly kind: 'docker';
      readonly source: DockerSource;
      readonly pick: ContainerPick;
      readonly operation: DockerOperation;
      /** How long a container has to end by itself before it is killed; always sent. */
      readonly stopWithinMs: number;
      /** `limits`: what is set in place of the limits that it has. */
      readonly memoryBytes?: number;
      readonly cpus?: number;
    }
  | MachineAction
  | AlertmanagerAction
  | {
      readonly kind: 'plugIn';
      /** Path of the module, and the name under which it exports the correction. */
      readonly module: string;
      readonly correction: string;
      readonly options: Readonly<Record<string, PlugInOption | readonly PlugInOption[]>>;
      /** It can tell whether it was done. */
      readonly tells: boolean;
    }
  | KubernetesAction
  | { readonly kind: 'wait'; readonly forMs: number }
  /** Accepted by the configuration, named as not yet active, refused by the gate. */
  | { readonly kind: 'inactive'; readonly provider: string };

export type PlugInOption = string | number | boolean;

/** Alerts with exactly these labels are silent for a while. */
export interface AlertmanagerAction {
  readonly kind: 'alertmanager';
  readonly source: AlertmanagerSource;
  readonly labels: Labels;
  readonly forMs: number;
}

/** Paths of a repository put back as they were when the service was last well. */
export interface GitAction {
  readonly kind: 'git';
  /** A folder or a URL, as git takes it. */
  readonly repository: string;
  readonly branch: string;
  readonly paths: readonly string[];
  /** On the branch itself, or as a branch of its own that people merge. */
  readonly push: 'direct' | 'branch';
}

export const postgresStatements = ['terminateRootBlocker', 'cancelQuery', 'vacuum', 'endOldSnapshots', 'setting', 'dropSlot'] as const;
export type PostgresStatement = (typeof postgresStatements)[number];

export interface HttpRequest {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Their values are read when the request is sent. */
  readonly secretHeaders?: Readonly<Record<string, SecretHeader>>;
  readonly body?: string;
}

/** A header whose value is a secret, after its scheme where it has one: `Bearer`. */
export interface SecretHeader {
  readonly secret: SecretReference;
  readonly scheme?: 'Bearer';
}

/**
 * Where requests may go beside public addresses. Without it (configurations of earlier versions) every address that stands
 * in the URL itself counts as named.
 */
export interface Reach {
  /** Addresses, and names of this machine, that the file has in the host of the URL itself. */
  readonly named: readonly string[];
  /** Ranges such as 10.0.0.0/8 that the policy allows. */
  readonly allow: readonly string[];
}

/** The whole configuration, resolved; its version is the hash of this document. */
export interface Fleet {
  readonly version: string;
  readonly environment: string;
  readonly services: readonly Service[];
  readonly policy?: Policy;
  /** Absent in configurations that were stored before there were channels. */
  readonly paging?: Paging;
  /** Where hale itself looks for changes. */
  readonly feeds?: readonly Feed[];
  /** Who may send alerts and changes. */
  readonly intake?: readonly IntakeSource[];
  /** Parts of the file that this version reads but does not act on yet, each named by its path. */
  readonly notYetActive: readonly string[];
}

/** What holds for the whole fleet, beside what each service has. */
export interface Policy {
  /** Without it nothing is a storm. */
  readonly storm?: StormPolicy;
  readonly budgets?: readonly Budget[];
  readonly freeze?: FreezePolicy;
  readonly yieldTo?: readonly YieldTo[];
  /** Every interval that the file defines; the others go by their names. */
  readonly timeIntervals?: readonly NamedInterval[];
  /** Nothing is changed while one of these is open. */
  readonly maintenance?: readonly string[];
  /** With a smaller share of an objective's error budget left, a loss is asked for. */
  readonly errorBudget?: { readonly askBelow: number };
  readonly alertmanagers?: readonly AlertmanagerSource[];
  /** Without it no alert is ever silenced. */
  readonly silence?: SilencePolicy;
  /** Nobody lifts a stop of their own. */
  readonly resume?: { readonly fourEyes: boolean };
}

/** Alerts are silenced while a cycle works on them, never for longer than `forMs` after hale was last seen alive. */
export interface SilencePolicy {
  readonly source: AlertmanagerSource;
  readonly forMs: number;
}

/** Whether alerts of this service may be silenced while a cycle has begun this correction, or none yet. */
export function maySilence({ silence = false, corrections }: Service, begun: string | undefined): boolean {
  return corrections.find(({ name }) => name === begun)?.silence ?? silence;
}

/** To whom hale gives way. */
export const yieldsTo = ['alertmanagerSilence', 'maintenance', 'rolloutInProgress', 'person'] as const;
export type YieldTo = (typeof yieldsTo)[number];

export interface AlertmanagerSource {
  readonly name: string;
  readonly url: string;
  /** The label of its alerts that names the service; `service` where nothing is said. */
  readonly serviceLabel?: string;
  readonly token?: SecretReference;
}
