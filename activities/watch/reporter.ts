import { memberKey, type Member } from '../../domain/detection/finding.js';
import { needsLastCycle, reportDue, type LastCycle, type ReportMemory } from '../../domain/detection/reporting.js';
import type { Finding } from '../../domain/finding.js';
import type { Ports } from '../ports.js';

type Needs = Pick<Ports, 'controls' | 'cycles'>;

/** Tells cycles about findings: at opening, when they grow worse, and again while they stand without a cycle. */
export class Reporter {
  readonly #ports: Needs;
  readonly #memories: Map<string, ReportMemory>;
  readonly #busy = new Set<string>();

  constructor(ports: Needs, saved: Readonly<Record<string, ReportMemory>> | undefined) {
    this.#ports = ports;
    this.#memories = new Map(Object.entries(saved ?? {}));
  }

  /** Reports when it is due. What fails is tried again with the next call: as long as the finding stands there is one. */
  async consider(member: Member, finding: Finding, now: number): Promise<void> {
    const key = memberKey(member);
    if (this.#busy.has(key)) return;
    this.#busy.add(key);
    try {
      const memory = this.#memories.get(key);
      const last: LastCycle = needsLastCycle(memory, finding.severity, now)
        ? await this.#ports.cycles.last(member.service, member.instance)
        : { kind: 'running' };
      if (!reportDue(memory, finding.severity, last, now)) return;
      if ((await this.#ports.controls.held(member.service, member.instance)) !== undefined) return;
      await this.#ports.cycles.report(finding);
      this.#memories.set(key, { at: now, severity: finding.severity, settled: false });
    } finally {
      this.#busy.delete(key);
    }
  }

  /** Everything that was reported about this one has ended: the next finding is a new one. */
  settle(member: Member): void {
    const memory = this.#memories.get(memberKey(member));
    if (memory !== undefined) this.#memories.set(memberKey(member), { ...memory, settled: true });
  }

  state = (): Readonly<Record<string, ReportMemory>> => Object.fromEntries(this.#memories);
}
