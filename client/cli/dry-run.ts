import type { DryRun as DryRunData, DryStep as DryStepData, Explanation } from '../../contracts/cli.js';
import type { DryRun, DryRunOrder, DryStep } from '../../contracts/dry-run.js';
import { rehearse } from '../dry-run.js';
import type { Instances } from '../../domain/service.js';
import { Failure } from './exit-codes.js';
import { withHale } from './hale.js';
import { knownMember } from './lookup.js';
import { orderOf, type Spoken } from './person.js';
import type { Report } from './report.js';
import { coloured, plain } from './text.js';

export interface DryRunOptions extends Spoken {
  readonly instance?: string;
}

/** heal --dry-run: everything that a cycle would do now, up to its first effect. */
export const dryRun = (service: string, options: DryRunOptions): Promise<Report> =>
  withHale(options, async (hale) => {
    await knownMember(hale, service, options.instance);
    const data = dataOf(await runOf(await hale.temporal(), { service, instance: options.instance, by: orderOf(options).by }));
    return { data, text: textOf(data) };
  });

/** gate explain: what the policy says about one correction now, whether or not anything is broken. */
export const explain = (service: string, correction: string, options: DryRunOptions): Promise<Report> =>
  withHale(options, async (hale) => {
    const { corrections, instances } = await knownMember(hale, service, options.instance);
    if (!corrections.some(({ name }) => name === correction)) {
      const names = corrections.map(({ name }) => name).join(', ');
      throw new Failure('notFound', `${service} has no correction ${correction}`, names === '' ? 'it has none' : `there are: ${names}`);
    }
    const order = { service, correction, instance: options.instance, by: orderOf(options).by };
    const run = dataOf(await runOf(await hale.temporal(), order));
    const [step] = run.steps;
    if (step === undefined) throw new Error(`the dry run of ${correction} has no step`);
    const data: Explanation = { service, instance: run.instance, configVersion: run.configVersion, ...step };
    const asWhole = instances !== undefined && options.instance === undefined;
    return { data, text: stepText(step), ...(asWhole && { talk: [ofOneInstance(service, instances)] }) };
  });

const ofOneInstance = (service: string, instances: Instances): string =>
  `this is said of ${service} as a whole; of one instance: --instance ${instances.kind === 'listed' ? instances.names.slice(0, 5).join('|') : 'NAME'}`;

async function runOf(client: Parameters<typeof rehearse>[0], order: DryRunOrder): Promise<DryRun> {
  const done = await rehearse(client, order);
  switch (done.kind) {
    case 'done':
      return done.run;
    case 'refused':
      throw new Failure('refused', done.sentence);
    case 'replaced':
      throw new Failure('refused', `somebody else asked the same of ${order.service} meanwhile`, 'ask again');
    case 'unanswered':
      throw new Failure('timeout', 'no worker answered within 2 minutes', 'look: hale doctor');
  }
}

const dataOf = ({ service, instance, configVersion, seen, steps }: DryRun): DryRunData => ({
  service,
  instance: instance ?? null,
  configVersion,
  seen: seen ?? null,
  steps: steps.map(stepData),
});

function stepData(step: DryStep): DryStepData {
  const nothing = { why: null, proposal: null, before: null, goal: null, answer: null, objections: [], facts: null };
  if (step.kind === 'skipped') return { ...nothing, kind: 'skipped', correction: step.correction, why: step.why };
  const { kind, correction, proposal, before, answer } = step;
  return {
    kind,
    correction,
    proposal,
    before,
    answer,
    why: step.why ?? null,
    goal: step.goal ?? null,
    objections: [...step.objections],
    facts: { ...step.facts },
  };
}

function textOf({ service, instance, seen, steps }: DryRunData): string {
  const place = instance === null ? service : `${service}/${instance}`;
  const head = `${place}: ${seen === null ? '' : plain(seenText(seen))}`;
  const none = steps.length === 0 ? ['a cycle that started now would change nothing'] : [];
  return [head, ...none, ...steps.map(stepText), 'nothing was changed'].join('\n');
}

const seenText = ({ kind, sentence }: NonNullable<DryRunData['seen']>): string =>
  ({
    broken: sentence,
    waits: `${sentence}; a cycle would wait, and this is what the gate says meanwhile`,
    clear: `nothing is broken: ${sentence}`,
    noData: `nothing can be measured: ${sentence}`,
  })[kind];

const colours = { act: 'green', ask: 'yellow', refuse: 'red' } as const;

function stepText({ correction, why, answer, objections, before, goal, proposal }: DryStepData): string {
  if (answer === null) return `${plain(correction)}  would not be tried: ${plain(why ?? '')}`;
  return [
    `${plain(correction)}  ${coloured(colours[answer.kind], answer.kind)} (${answer.rule}): ${plain(answer.sentence)}`,
    ...(why === null ? [] : [`  because: ${plain(why)}`]),
    `  now: ${plain(before ?? '')}${goal === null ? '' : `   then: ${plain(goal)}`}   proposal ${proposal}`,
    ...objections.map(({ kind, rule, sentence }) => `  also ${kind} (${rule}): ${plain(sentence)}`),
  ].join('\n');
}
