import { memberKey, type Member } from '../../domain/detection/finding.js';
import { needsLastCycle, reportDue, type LastCycle, type ReportMemory } from '../../domain/detection/reporting.js';
import type { Finding } from '../../domain/finding.js';
import type { Storm } from '../../domain/storm.js';
import type { Ports } from '../ports.js';

type Needs = Pick<Ports, 'controls' | 'cycles' | 'storms'>;

/** A trouble that stands is noted again this often. */
const NOTE_EVERY_MS = 10_000;

/** Tells cycles about findings: at opening, when they grow worse, and again while they stand without a cycle. */
export class Reporter {
  readonly #ports: Needs;
  readonly #memories: Map<string, ReportMemory>;
  readonly #busy = new Set<string>();
  readonly #noted = new Map<string, { readonly at: number; readonly storm: Storm | undefined }>();

  constructor(ports: Needs, saved: Readonly<Record<string, ReportMemory>> | undefined) {
    this.#ports = ports;
    this.#memories = new Map(Object.entries(saved ?? {}));
  }

  /** Reports when it is due; `overdueAt`: when a person must know that the symptom still stands. What fails is tried again with the next call: as long as the finding stands there is one. */
  async consider(member: Member, finding: Finding, overdueAt: number, now: number): Promise<void> {
    const key = memberKey(member);
    if (this.#busy.has(key)) return;
    this.#busy.add(key);
    try {
      const memory = this.#memories.get(key);
      const last: LastCycle = needsLastCycle(memory, finding.severity, now)
        ? await this.#ports.cycles.last(member.service, member.instance)
        : { kind: 'running' };
      const liftedAt = last.kind === 'ended' && last.outcome === 'refused' ? await this.#ports.controls.liftedAt() : undefined;
      const due = reportDue(memory, finding.severity, last, now, liftedAt === undefined ? [overdueAt] : [overdueAt, liftedAt]);
      const storm = await this.#stormAround(key, finding, due, now);
      if (!due || (storm !== undefined && storm.source !== member.service)) return;
      if ((await this.#ports.controls.held(member.service, member.instance)) !== undefined) return;
      await this.#ports.cycles.report(finding);
      this.#memories.set(key, { at: now, severity: finding.severity, settled: false });
    } finally {
      this.#busy.delete(key);
    }
  }

  /** Asked anew before a report, unless the answer was a storm a moment ago: a storm is not made shorter by asking. */
  async #stormAround(key: string, { service, onset }: Finding, due: boolean, now: number): Promise<Storm | undefined> {
    const last = this.#noted.get(key);
    if (last !== undefined && now - last.at < NOTE_EVERY_MS && (!due || last.storm !== undefined)) return last.storm;
    const storm = await this.#ports.storms.note({ service, since: onset, by: 'watch' });
    this.#noted.set(key, { at: now, storm });
    return storm;
  }

  /** Everything that was reported about this one has ended: the next finding is a new one. */
  settle(member: Member): void {
    const memory = this.#memories.get(memberKey(member));
    this.#noted.delete(memberKey(member));
    if (memory !== undefined) this.#memories.set(memberKey(member), { ...memory, settled: true });
  }

  state = (): Readonly<Record<string, ReportMemory>> => Object.fromEntries(this.#memories);
}
