import { EVERYBODY_ELSE, type Links } from './channel.js';
import { type LedgerLine, type Purpose, textIn } from './delivery.js';
import { boundSentence } from './detection/bound.js';
import type { Judgement } from './detection/judgement.js';
import { readingSentence } from './detection/trust.js';
import type { EffectState } from './effect.js';
import type { Objective } from './service.js';

/** What a person reads when they are called: the same for every channel, which only gives it its form. */
export interface Page {
  /** The same for every try of one message, so that a receiver may know it again. */
  readonly id: string;
  readonly purpose: Purpose;
  /** What an alert is opened and closed by: one for each incident. */
  readonly thread: string;
  readonly severity: 'critical' | 'error' | 'warning' | 'info';
  readonly environment: string;
  readonly service: string;
  readonly instance?: string;
  readonly team?: string;
  readonly incident?: string;
  readonly why?: string;
  /** When it happened, ms since the epoch. */
  readonly at: number;
  readonly cycle?: string;
  readonly title: string;
  readonly facts: readonly Fact[];
  /** Commands to paste, the likeliest first. */
  readonly next: readonly string[];
  readonly link?: string;
}

/** "Now": "errors is 0.4, wanted below 0.02 (read 11:59:58 UTC)". */
export interface Fact {
  readonly label: string;
  readonly text: string;
}

/** All that is known when a message is written. Times in ms since the epoch. */
export interface Known {
  readonly line: LedgerLine;
  readonly purpose: Purpose;
  readonly environment: string;
  readonly team?: string;
  /** When the incident began; absent where there is none. */
  readonly onset?: number;
  readonly workflowId?: string;
  readonly measured: readonly Measured[];
  readonly effects: readonly Done[];
  readonly links: Links;
  /** The machine and the state folder of the hale that speaks: there its commands mean what they say. */
  readonly home?: Home;
  readonly now: number;
}

export interface Home {
  readonly host: string;
  readonly state: string;
}

export interface Measured {
  readonly instance?: string;
  readonly objective: Objective;
  readonly judgement: Judgement;
}

export interface Done {
  readonly correction: string;
  readonly resource: string;
  readonly state: EffectState;
  readonly verdict?: string;
  readonly after?: string;
}

/** Longer sentences come from targets and commands; the whole of them is in the incident. */
const SENTENCE_MAX = 400;

export function writePage(known: Known): Page {
  const { line, purpose, environment, team } = known;
  const link = linkOf(known);
  const next = nextOf(known);
  const why = textIn(line, 'why');
  const cycle = textIn(line, 'cycle');
  return {
    id: String(line.seq),
    purpose,
    thread: `hale/${environment}/${line.incident ?? `${line.kind}/${line.seq}`}`,
    severity: severityOf(purpose, why),
    environment,
    service: line.service,
    ...(line.instance !== undefined && { instance: line.instance }),
    ...(team !== undefined && { team }),
    ...(line.incident !== undefined && { incident: line.incident }),
    ...(why !== undefined && { why }),
    at: line.at,
    ...(cycle !== undefined && { cycle }),
    title: `[${environment}] ${titleOf(known)}`,
    facts: [...factsOf(known), ...whereFacts(known, next)].map(({ label, text }) => ({ label, text: shortened(text) })),
    next,
    ...(link !== undefined && { link }),
  };
}

const placeOf = ({ service, instance }: LedgerLine): string => (instance === undefined ? service : `${service}/${instance}`);

function severityOf(purpose: Purpose, why: string | undefined): Page['severity'] {
  if (purpose === 'channelFailed') return 'error';
  if (purpose !== 'call') return 'info';
  return why === 'ask' || why === 'suggestion' || why === 'frozen' ? 'warning' : 'critical';
}

function titleOf({ line, purpose }: Known): string {
  const place = placeOf(line);
  switch (purpose) {
    case 'call':
      return CALLS[textIn(line, 'why') ?? '']?.(place) ?? `${place}: a person is needed`;
    case 'told':
      return `${place}: hale acts, and tells you`;
    case 'answered':
      return `${place}: ${textIn(line, 'by') ?? 'somebody'} said ${textIn(line, 'verb') ?? 'something'}`;
    case 'ended':
      if (line.kind === 'storm.ended') return 'the storm is over';
      if (line.kind === 'symptom.ended') return `${place}: nothing is found any more`;
      return `${place}: ${line.kind === 'hold.released' ? `resumed by ${textIn(line, 'by') ?? 'somebody'}` : (textIn(line, 'outcome') ?? 'over')}`;
    case 'opened':
      return `${place}: a cycle began`;
    case 'closed':
      return `${place}: ${textIn(line, 'outcome') ?? 'a cycle ended'}`;
    case 'test':
      return 'this is a test: nothing is wrong';
    case 'channelFailed':
      return `people can't be called by ${textIn(line, 'channel') ?? 'a channel'}`;
  }
}

const CALLS: Readonly<Record<string, (place: string) => string>> = {
  ask: (place) => `${place} is broken: may hale correct it?`,
  suggestion: (place) => `${place} is broken: hale suggests a correction`,
  frozen: (place) => `${place} is broken, and what would help it was turned back too often`,
  overdue: (place) => `${place} is still broken; hale goes on`,
  escalated: (place) => `${place} is broken and hale does not know better`,
  stranded: (place) => `${place} is half changed: look at it first`,
  self: (place) => `${place} itself is in trouble, and does nothing about it`,
  storm: () => 'many services broke at once: hale corrects none of them',
};

function factsOf(known: Known): Fact[] {
  const { line, purpose } = known;
  const sentence = textIn(line, 'sentence') ?? textIn(line, 'reason');
  const said = sentence === undefined ? [] : [{ label: 'Why', text: sentence }];
  switch (purpose) {
    case 'call':
      // An ask says its own sentence, part by part.
      return [...nowFacts(known), ...(line.data['ask'] === undefined ? said : askFacts(line.data['ask'])), ...didFacts(known)];
    case 'ended':
    case 'told':
      return [...said, ...nowFacts(known), ...didFacts(known)];
    case 'answered':
    case 'opened':
    case 'closed':
    case 'test':
    case 'channelFailed':
      return said;
  }
}

/** What is measured, never what is remembered: the symptom may be gone, or nobody may be able to tell. */
function nowFacts({ measured, onset, now, line }: Known): Fact[] {
  const own = measured.filter(({ instance }) => line.instance === undefined || instance === line.instance);
  const bad = own.filter(({ judgement }) => isBroken(judgement));
  const unknown = own.filter(({ judgement }) => judgement.kind === 'noData');
  const sentences = [...bad, ...unknown].slice(0, 3).map((one) => measuredSentence(one, line.instance));
  const more = bad.length + unknown.length - sentences.length;
  const text = sentences.join('; ') || (own.length === 0 ? 'nothing was measured yet' : 'well by every objective');
  const since = onset === undefined ? [] : [{ label: 'Since', text: `${stamp(onset)} (${age(now - onset)})` }];
  return [{ label: 'Now', text: more > 0 ? `${text}; and ${more} more` : text }, ...since];
}

const isBroken = (judgement: Judgement): boolean =>
  judgement.kind === 'broken' || (judgement.kind === 'met' && judgement.doubtfulSince !== undefined);

function measuredSentence({ instance, objective, judgement }: Measured, told: string | undefined): string {
  const where = instance === undefined || instance === told ? '' : `${instance}: `;
  const { last } = judgement;
  const wanted = judgement.kind === 'noData' ? '' : `, wanted ${boundSentence(objective.bound)}`;
  return `${where}${objective.name} is ${readingSentence(last)}${wanted} (read ${stamp(last.at).slice(11)})`;
}

/** What a person who decides must know: what would be done, to what, and what taking it back means. */
export function askFacts(ask: unknown): Fact[] {
  if (typeof ask !== 'object' || ask === null) return [];
  const given = ask as Readonly<Record<string, unknown>>;
  return ASKED.flatMap(([field, label]) => (typeof given[field] === 'string' ? [{ label, text: given[field] }] : []));
}

const ASKED = [
  ['correction', 'Proposed'],
  ['choice', 'Why this one'],
  ['before', 'Target now'],
  ['goal', 'Target then'],
  ['undo', 'Undo'],
  ['touches', 'Touches'],
  ['record', 'Record'],
  ['took', 'Takes'],
  ['tried', 'Tried before'],
  ['refused', 'Hale will not'],
  ['expires', 'Decide until'],
] as const;

const IN_FORCE: readonly EffectState[] = ['intended', 'applied', 'undoing', 'unknown', 'adopted', 'stranded'];

function didFacts({ effects }: Known): Fact[] {
  const done = effects.filter(({ state }) => state !== 'prepared');
  const force = done.filter(({ state }) => IN_FORCE.includes(state));
  return [
    { label: 'Hale did', text: done.map(doneSentence).join('; ') || 'nothing' },
    { label: 'In force', text: force.map(forceSentence).join('; ') || 'nothing of it' },
  ];
}

const doneSentence = ({ correction, state, verdict }: Done): string =>
  `${correction}: ${STATES[state]}${verdict === undefined ? '' : ` (${VERDICTS[verdict] ?? verdict})`}`;

const STATES: { readonly [S in EffectState]: string } = {
  prepared: 'not done',
  intended: 'under way, or its answer is lost',
  applied: 'done',
  notApplied: 'not done',
  unknown: 'nobody can tell whether it happened',
  undoing: 'being undone',
  undone: 'done and undone',
  adopted: 'done and kept',
  stranded: 'neither as it was nor as it should be',
};

const VERDICTS: Readonly<Record<string, string>> = {
  held: 'it helped',
  unchanged: 'it did not help',
  worse: 'it made things worse',
  inDoubt: 'it is in doubt whether it helped',
  noData: 'nothing could be measured',
};

const forceSentence = ({ correction, resource, after, state }: Done): string =>
  `${correction} on ${resource}${after === undefined || state === 'stranded' ? '' : `, now ${after}`}`;

function nextOf({ line, purpose }: Known): string[] {
  const { service, incident } = line;
  if (purpose === 'channelFailed') return ['hale status', testCommand(textIn(line, 'channel') ?? '')];
  if (purpose !== 'call') return [];
  if (incident === undefined) return ['hale doctor'];
  const look = `hale incidents ${incident}`;
  const why = textIn(line, 'why');
  const proposal = proposalOf(line);
  if (why === 'ask' && proposal !== undefined)
    return [`hale approve ${incident} --proposal ${proposal}`, `hale reject ${incident} --proposal ${proposal} --reason WHY`, look];
  if (why === 'overdue') return [look, `hale takeover ${incident}`];
  if (why === 'escalated' || why === 'stranded') return [look, `hale resume ${service}`];
  return [look];
}

/** Pasted elsewhere, a command would speak to another hale, or to none. */
function whereFacts({ home }: Known, next: readonly string[]): Fact[] {
  if (home === undefined || next.length === 0) return [];
  return [{ label: 'Where', text: `on ${home.host}, after: export HALE_STATE=${home.state}` }];
}

/** How people find out whether a channel works. */
export function testCommand(channel: string): string {
  const owner = channel.slice(0, channel.lastIndexOf('/'));
  return owner === EVERYBODY_ELSE ? 'hale page test' : `hale page test ${owner}`;
}

function proposalOf({ data }: LedgerLine): string | undefined {
  const ask = data['ask'] as { readonly proposal?: unknown } | undefined;
  return typeof ask?.proposal === 'string' ? ask.proposal : undefined;
}

function linkOf({ line, workflowId, links }: Known): string | undefined {
  if (links.page !== undefined)
    return line.incident === undefined ? links.page : `${links.page}/incidents/${encodeURIComponent(line.incident)}`;
  if (links.temporal === undefined || workflowId === undefined) return undefined;
  return `${links.temporal}/workflows/${encodeURIComponent(workflowId)}`;
}

/** Many messages in one, so that a flood drowns nobody. */
export function foldPages(pages: readonly Page[]): Page {
  const [first] = pages;
  if (first === undefined) throw new Error('no page to fold');
  const calls = pages.filter(({ purpose }) => purpose === 'call');
  const worst = calls.find(({ severity }) => severity === 'critical') ?? calls[0] ?? first;
  const names = [...new Set((calls.length > 0 ? calls : pages).map(({ service }) => service))];
  const rest = pages.length - calls.length;
  const { incident: _incident, instance: _instance, link: _link, why: _why, cycle: _cycle, ...common } = first;
  return {
    ...common,
    purpose: worst.purpose,
    severity: worst.severity,
    thread: `hale/${first.environment}/many/${first.id}`,
    title: `[${first.environment}] ${pages.length} messages at once: ${calls.length} calls for a person, ${rest} others`,
    facts: [
      { label: 'Services', text: `${names.slice(0, 10).join(', ')}${names.length > 10 ? ` and ${names.length - 10} more` : ''}` },
      ...pages
        .slice(0, 10)
        .map(({ incident, title }) => ({ label: incident ?? 'hale', text: title.replace(`[${first.environment}] `, '') })),
      ...(pages.length > 10 ? [{ label: 'More', text: `${pages.length - 10} more: hale incidents --open` }] : []),
    ],
    next: ['hale status'],
  };
}

const shortened = (text: string): string => (text.length > SENTENCE_MAX ? `${text.slice(0, SENTENCE_MAX - 1)}…` : text);

/** "2026-11-28 12:00:00 UTC" */
const stamp = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3600)];
  if (minutes === 0) return `${seconds}s`;
  return hours === 0 ? `${minutes}m ${seconds % 60}s` : `${hours}h ${minutes % 60}m`;
}
