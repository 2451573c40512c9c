import { diagnose, type Examination } from '../diagnosis.js';
import type { Member } from '../detection/finding.js';
import type { MeasuredFinding } from '../finding.js';
import { cooldownLeftMs, gate, refusesAll, type GateAnswer, type GateFacts } from '../gate.js';
import { stormSentence, type Storm } from '../storm.js';
import { nextStep, planCorrections } from '../plan.js';
import { briefOf, type Correction, type CorrectionBrief, type Mode, type Service } from '../service.js';
import { whyUnknowable } from './evaluable.js';
import type { Proposal, Trouble } from './trouble.js';

/** The mode of a correction on this service or instance at this time; the configuration may change it for a while. */
export type ModeAt = (service: Service, correction: Correction, instance: string | undefined, now: number) => Mode;

/** What stands at one moment of history. */
export interface Moment {
  readonly now: number;
  /** The storm that keeps hale from this service. */
  readonly storm: Storm | undefined;
  /** The gravest finding that rests on fresh data now. */
  readonly finding: MeasuredFinding | undefined;
  readonly brokenDependencies: readonly string[];
}

/** What the policy would have looked at, and what counts against it. */
export interface Policing {
  facts(correction: Correction, attempts: number, now: number): GateFacts;
  acted(correction: string, now: number): void;
}

/** A cycle joins the incident before it when it starts this soon after. */
const relapseWithinMs = 10 * 60_000;

/** The course that one trouble would have taken: what hale would have waited for, proposed, and whom it would have called. */
export class Course {
  readonly member: Member;
  readonly #service: Service;
  readonly #modeAt: ModeAt;
  readonly #policing: Policing;
  readonly #foundAt: number;
  readonly #onset: number;
  readonly #findings: MeasuredFinding[] = [];
  readonly #proposals: Proposal[] = [];
  readonly #calls: Trouble['calls'][number][] = [];
  readonly #waits: Trouble['waits'][number][] = [];
  #tried: string[] = [];
  #attempts = 0;
  #lookAt = 0;
  #isOver = false;
  #blockedBy = '';
  #endedAt: number | undefined;

  constructor(service: Service, member: Member, first: MeasuredFinding, now: number, modeAt: ModeAt, policing: Policing) {
    this.#service = service;
    this.member = member;
    this.#modeAt = modeAt;
    this.#policing = policing;
    this.#foundAt = now;
    this.#onset = first.onset;
  }

  get onset(): number {
    return this.#onset;
  }

  get stands(): boolean {
    return this.#endedAt === undefined;
  }

  found(finding: MeasuredFinding): void {
    this.#findings.push(finding);
  }

  /** Nothing of it is found any more. */
  end(now: number): void {
    this.#endedAt = now;
  }

  /** The symptom came back; answers false when so much later that it is another trouble. */
  relapse(now: number): boolean {
    if (this.#endedAt === undefined || now - this.#endedAt > relapseWithinMs) return false;
    this.#endedAt = undefined;
    // A person who was called for it is at work: hale keeps its hands off, as after `escalated`.
    this.#isOver = this.#calls.length > 0;
    this.#tried = [];
    this.#lookAt = 0;
    return true;
  }

  /** Goes on as far as hale would have gone by now. */
  follow(moment: Moment): void {
    if (this.#isOver || moment.finding === undefined || moment.now < this.#lookAt) return;
    const { now, finding, storm, brokenDependencies } = moment;
    if (storm !== undefined) return this.#waitFor(now, stormSentence(storm));
    if (finding.kind === 'silence') return this.#call(now, `nothing can be measured: ${finding.evidence.signal} has no data`);
    if (brokenDependencies.length > 0)
      return this.#waitFor(now, `waiting for ${brokenDependencies.join(', ')}, which this service depends on`);
    while (!this.#isOver && now >= this.#lookAt) this.#try(finding, now);
  }

  trouble(): Trouble {
    const { service, instance } = this.member;
    return {
      service,
      ...(instance === undefined ? {} : { instance }),
      onset: this.#onset,
      foundAt: this.#foundAt,
      ...(this.#endedAt === undefined ? {} : { endedAt: this.#endedAt }),
      findings: this.#findings,
      proposals: this.#proposals,
      calls: this.#calls,
      waits: this.#waits,
    };
  }

  #waitFor(now: number, why: string): void {
    if (now - this.#onset >= this.#service.limits.escalateAfterMs) return this.#call(now, why);
    if (why !== this.#blockedBy) this.#waits.push({ at: now, why });
    this.#blockedBy = why;
  }

  #call(at: number, why: string): void {
    this.#calls.push({ at, why });
    this.#isOver = true;
  }

  /** The next correction of the plan; history shows what waiting brings, and of nothing else whether it would have helped. */
  #try(finding: MeasuredFinding, now: number): void {
    const briefs = this.#service.corrections.map((correction) => this.#briefOf(correction, now));
    const examinations = this.#service.corrections.map(examined);
    const plan = planCorrections(briefs, diagnose([finding], examinations, []), [], this.#service.order);
    const step = nextStep(plan, this.#tried);
    if (step === undefined) {
      if (this.#proposals.length === 0) this.#call(now, 'no correction applies');
      this.#isOver = true;
      return;
    }
    const { correction } = step;
    const whole = this.#service.corrections.find(({ name }) => name === correction.name);
    if (whole === undefined) return;
    const facts = this.#policing.facts(whole, this.#attempts, now);
    const answer = gate(correction, facts);
    if (answer.kind === 'refuse' && answer.rule === 'cooldown') {
      this.#lookAt = now + cooldownLeftMs(correction, facts);
      this.#waits.push({ at: now, why: answer.sentence });
      return;
    }
    this.#tried.push(correction.name);
    if (answer.kind === 'act' && correction.provider === 'wait') return this.#wait(correction, now);
    this.#propose(correction, answer, now);
  }

  #wait({ name, settleMs }: CorrectionBrief, now: number): void {
    const action = this.#service.corrections.find((one) => one.name === name)?.action;
    const ms = action?.kind === 'wait' ? action.forMs : 0;
    this.#lookAt = now + ms + settleMs;
    this.#waits.push({ at: now, why: `${name}: it may recover alone within ${(ms + settleMs) / 1000}s` });
  }

  #propose(correction: CorrectionBrief, answer: GateAnswer, now: number): void {
    const passedOver = this.#service.corrections
      .slice(
        0,
        this.#service.corrections.findIndex(({ name }) => name === correction.name),
      )
      .flatMap((one) => {
        const why = whyUnknowable(one);
        return why === undefined ? [] : [{ correction: one.name, why }];
      });
    this.#proposals.push({ at: now, correction: correction.name, answer, passedOver });
    if (answer.kind === 'act') {
      this.#attempts += 1;
      this.#policing.acted(correction.name, now);
    }
    // A rule of the policy about this one correction leaves the next to be asked about; its mode is an answer.
    this.#isOver = answer.kind !== 'refuse' || answer.rule === 'modeObserve' || refusesAll(answer.rule);
  }

  #briefOf(correction: Correction, now: number): CorrectionBrief {
    return { ...briefOf(correction), mode: this.#modeAt(this.#service, correction, this.member.instance, now) };
  }
}

function examined(correction: Correction): Examination {
  const why = whyUnknowable(correction);
  if (why !== undefined) return { correction: correction.name, applicable: false, reason: `not evaluable: ${why}` };
  return { correction: correction.name, applicable: true, evidence: 'its target is not looked at in history' };
}
