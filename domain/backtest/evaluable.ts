import { unreachable } from '../failure.js';
import type { Correction, Fleet, Service, Signal } from '../service.js';

/** A part of the configuration about which a history of Prometheus says nothing, and why. */
export interface NotEvaluable {
  readonly service: string;
  /** As in the file: "objectives.up". */
  readonly part: string;
  readonly why: string;
}

/** The fleet with only what its history can tell; what was left out is named. */
export interface Evaluable {
  readonly services: readonly Service[];
  readonly notEvaluable: readonly NotEvaluable[];
}

/** @param refused queries that their source does not understand, with its reason */
export function evaluableOf(fleet: Pick<Fleet, 'services'>, refused: ReadonlyMap<string, string> = new Map()): Evaluable {
  const parts = fleet.services.map((service) => evaluableService(service, refused));
  return { services: parts.map(({ service }) => service), notEvaluable: parts.flatMap(({ notEvaluable }) => notEvaluable) };
}

function evaluableService(service: Service, refused: ReadonlyMap<string, string>): { service: Service; notEvaluable: NotEvaluable[] } {
  const blind = new Map(service.signals.flatMap((signal) => whyBlind(signal, service, refused)));
  const known = (name: string): boolean => !blind.has(name);
  const without = (part: string, why: string): NotEvaluable => ({ service: service.name, part, why });
  return {
    service: {
      ...service,
      signals: service.signals.filter(({ name }) => known(name)),
      objectives: service.objectives.filter(({ signal }) => known(signal)),
    },
    notEvaluable: [
      ...[...blind].map(([name, why]) => without(`signals.${name}`, why)),
      ...service.objectives
        .filter(({ signal }) => !known(signal))
        .map(({ name, signal }) => without(`objectives.${name}`, `its signal is ${signal}`)),
      ...service.corrections.flatMap((one) => {
        const why = whyUnknowable(one);
        return why === undefined ? [] : [without(`corrections.${one.name}`, why)];
      }),
    ],
  };
}

function whyBlind(signal: Signal, { signals }: Service, refused: ReadonlyMap<string, string>): [string, string][] {
  const why = signal.kind === 'promql' ? refused.get(signal.query) : whyWithoutHistory(signal);
  if (why !== undefined) return [[signal.name, why]];
  const condition = signal.onlyIf?.find((one) => {
    const other = signals.find(({ name }) => name === one.signal);
    return other !== undefined && whyWithoutHistory(other) !== undefined;
  });
  return condition === undefined ? [] : [[signal.name, `its condition is on ${condition.signal}, of which there is no history`]];
}

function whyWithoutHistory({ kind }: Signal): string | undefined {
  switch (kind) {
    case 'promql':
      return undefined;
    case 'scrape':
      return 'hale reads this page itself; a Prometheus that scrapes it too is asked by source and query';
    case 'http':
    case 'exec':
    case 'sql':
      return `Prometheus keeps no history of signals of kind ${kind}`;
    default:
      return unreachable(kind);
  }
}

/**
 * Why nobody can tell from history whether this correction would have applied; undefined where its target does not
 * matter. A correction that is not evaluable is passed over: what would have been proposed in its place is said instead.
 */
export function whyUnknowable({ action, onlyIf }: Correction): string | undefined {
  if (onlyIf !== undefined) return `onlyIf changedWithin: when its target changed is not in the history`;
  switch (action.kind) {
    case 'alertmanager':
    case 'exec':
    case 'http':
    case 'runit':
    case 'systemd':
    case 'wait':
      return undefined;
    case 'disk':
      return 'which logs there were is not in the history';
    case 'file':
    case 'git':
    case 'release':
      return 'whether there was another good state to go back to is not in the history';
    case 'postgres':
      return 'what its sessions did is not in the history';
    case 'docker':
      return 'in what state its container was is not in the history';
    case 'plugIn':
      return 'how its target was is not in the history';
    case 'kubernetes':
      return 'how the cluster stood then is not in the history';
    case 'inactive':
      return `this version has no provider ${action.provider}`;
    default:
      return unreachable(action);
  }
}
