import { findingAfter, isOutOfScope, memberKey, type Member } from './finding.js';
import { conclude, emptyTrack, follow, type Judgement, type Track } from './judgement.js';
import { isMonitoringSilent } from './monitoring.js';
import type { MeasuredFinding } from '../finding.js';
import type { SignalReading } from '../reading.js';
import { emptyScope, seriesKey, type Scope, type Watched } from './scope.js';

/** What a watcher remembers between attempts; plain JSON. */
export interface BoardState {
  readonly tracks: Readonly<Record<string, Track>>;
  readonly open: Readonly<Record<string, MeasuredFinding>>;
}

/** What readings show, ms since the epoch: while data are missing, health does not grow older. */
export interface ProvenHealth {
  readonly since: number;
  /** The last moment at which all of it was measured. */
  readonly until: number;
}

/** A finding that opened or closed with the readings just taken in. */
export interface Change {
  readonly kind: 'opened' | 'closed';
  readonly finding: MeasuredFinding;
}

/** Where every objective of the shard stands, kept current reading by reading. */
export class Board {
  #scope: Scope = emptyScope;
  #bySeries = new Map<string, Watched[]>();
  #byMember = new Map<string, Watched[]>();
  readonly #tracks: Map<string, Track>;
  readonly #open: Map<string, MeasuredFinding>;

  constructor(saved: BoardState | undefined) {
    this.#tracks = new Map(Object.entries(saved?.tracks ?? {}));
    this.#open = new Map(Object.entries(saved?.open ?? {}));
  }

  get scope(): Scope {
    return this.#scope;
  }

  /** Looks at another scope; what is in both keeps its track, what left is forgotten. */
  cover(scope: Scope): void {
    this.#scope = scope;
    this.#bySeries = groupedBy(scope.watched, (one) => seriesKey(one.member, one.objective.signal));
    this.#byMember = groupedBy(scope.watched, (one) => memberKey(one.member));
    const keys = new Set(scope.watched.map((one) => one.key));
    for (const memory of [this.#tracks, this.#open]) for (const key of memory.keys()) if (!keys.has(key)) memory.delete(key);
  }

  /** Takes readings in; answers the objectives they speak about. */
  take(readings: readonly SignalReading[]): Watched[] {
    const touched = readings.flatMap(({ signal, reading, ...member }) => {
      const watched = this.#bySeries.get(seriesKey(member, signal)) ?? [];
      for (const { key, objective } of watched) this.#tracks.set(key, follow(objective, this.#track(key), reading));
      return watched;
    });
    return [...new Set(touched)];
  }

  /**
   * Judges these objectives again; answers the findings that opened or closed by it. While the monitoring itself is
   * silent no service's silence opens: that is one trouble, and not theirs.
   */
  judge(watched: readonly Watched[], now: number): Change[] {
    return watched.flatMap((one) => {
      const before = this.#open.get(one.key);
      const after = findingAfter(before, one.member, one.objective, this.judgement(one, now), now);
      if (after?.kind === 'silence' && before?.kind !== 'silence' && this.isBlind(now)) return [];
      if (after === undefined) this.#open.delete(one.key);
      else this.#open.set(one.key, after);
      return changesBetween(before, after);
    });
  }

  judgement({ key, objective }: Watched, now: number): Judgement {
    return conclude(objective, this.#track(key), now);
  }

  /** What is to be reported about a service or instance now: its gravest finding that still rests on fresh data. */
  reportable(member: Member, now: number): MeasuredFinding | undefined {
    const findings = this.#of(member).flatMap((one) => {
      const finding = this.#open.get(one.key);
      if (finding === undefined) return [];
      if (finding.kind === 'silence') return this.isBlind(now) ? [] : [finding];
      return this.judgement(one, now).kind === 'broken' ? [finding] : [];
    });
    return findings.find((one) => one.severity === 'critical') ?? findings.find((one) => one.kind === 'breach') ?? findings[0];
  }

  hasFindings = (member: Member): boolean => this.#of(member).some((one) => this.#open.has(one.key));

  members = (): Member[] => [...this.#byMember.values()].flatMap(([first]) => (first === undefined ? [] : [first.member]));

  /** Every objective of these met without doubt, from reading to reading; undefined when one is not met, or nobody knows. */
  provenHealth(watched: readonly Watched[], now: number): ProvenHealth | undefined {
    const judgements = watched.map((one) => this.judgement(one, now)).filter((judgement) => !isOutOfScope(judgement));
    const well = judgements.every((judgement) => judgement.kind === 'met' && judgement.doubtfulSince === undefined);
    if (!well || judgements.length === 0) return undefined;
    return {
      since: Math.max(...judgements.map((judgement) => judgement.since)),
      until: Math.min(...judgements.map((judgement) => judgement.last.at)),
    };
  }

  objectivesOf = (member: Member): readonly Watched[] => this.#of(member);

  /** Services without any data now, and of how many. */
  missing(now: number): { readonly missing: readonly string[]; readonly of: number } {
    const watchedByService = groupedBy(this.#scope.watched, (one) => one.service.name);
    const missing = [...watchedByService].filter(([, watched]) => watched.every((one) => this.#isMissing(one, now)));
    return { missing: missing.map(([name]) => name), of: watchedByService.size };
  }

  /** Too many services have no data at once: it is the monitoring that is broken. */
  isBlind(now: number): boolean {
    const { missing, of } = this.missing(now);
    return isMonitoringSilent(missing.length, of);
  }

  /** Blind, and some service for longer than its own patience. */
  isBlindForLong(now: number): boolean {
    const isSilent = (one: Watched): boolean => {
      const { kind, since } = this.judgement(one, now);
      return kind === 'noData' && now - since >= one.objective.silenceMs && this.#isMissing(one, now);
    };
    return this.#scope.watched.some(isSilent) && this.isBlind(now);
  }

  state(): BoardState {
    return { tracks: Object.fromEntries(this.#tracks), open: Object.fromEntries(this.#open) };
  }

  /** The last reading had no data, though not on purpose: this comes before any silence is long enough for a finding. */
  #isMissing(one: Watched, now: number): boolean {
    const track = this.#track(one.key);
    return (track.missing !== undefined || track.lastData === undefined) && !isOutOfScope(this.judgement(one, now));
  }

  #track = (key: string): Track => this.#tracks.get(key) ?? emptyTrack;

  #of = (member: Member): readonly Watched[] => this.#byMember.get(memberKey(member)) ?? [];
}

function changesBetween(before: MeasuredFinding | undefined, after: MeasuredFinding | undefined): Change[] {
  if (before?.kind === after?.kind) return [];
  return [
    ...(before === undefined ? [] : [{ kind: 'closed' as const, finding: before }]),
    ...(after === undefined ? [] : [{ kind: 'opened' as const, finding: after }]),
  ];
}

function groupedBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
