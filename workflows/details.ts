import type { CycleState, Phase } from '../contracts/cycle.js';
import type { Outcome } from '../domain/outcome.js';

/** Why there is a cycle at all. */
export interface Occasion {
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
  /** Objectives found broken at the last look. */
  readonly broken: readonly string[];
}

const NEXT: { readonly [P in Exclude<Phase, 'closed'>]: string } = {
  detect: 'look for the cause, or end if the symptom is gone',
  diagnose: 'choose a correction',
  plan: 'ask the policy about the first correction',
  gate: 'act, ask a person or refuse, as the policy says',
  approve: 'after a yes look again and act; after a no the next correction; without an answer change nothing, call a person and end',
  correct: 'wait for the symptom to go',
  validate: 'end healed if the symptom stays away, else undo what can be undone and try the next correction',
  rollback: 'try the next correction, or call a person if the undo fails',
  learn: 'end',
};

const AFTERWARDS: { readonly [O in Outcome]?: (service: string) => string } = {
  refused: () => 'correct by hand, or change the mode of a correction',
  escalated: (service) => `repair it; hale leaves it alone until it has stayed well or \`hale resume ${service}\` is run`,
  aborted: (service) => `hale leaves it alone until it has stayed well or \`hale resume ${service}\` is run`,
  stranded: (service) => `look at the target first, it is neither as it was nor as it should be; then \`hale resume ${service}\``,
  takenOver: (service) => `repair it; hale leaves it alone until it has stayed well or \`hale resume ${service}\` is run`,
};

const WORDS = 'Send the signal `pause`, `abort` (undo and end) or `takeOver` (end and keep everything) with `{"by":"your name"}`.';

/**
 * Current details of a cycle, markdown: what it does, why, what comes next and what a person can say. An open
 * proposal's hash comes first: that is what a decision must carry.
 */
export function details(state: CycleState, occasion: Occasion): string {
  const closed = state.phase === 'closed';
  return [
    ...question(state),
    ...pause(state),
    `**${[state.phase, state.outcome].filter(Boolean).join(', ')}**: ${plain(state.sentence)}`,
    ...next(state),
    ...why(occasion),
    ...incident(state),
    ...(closed ? [] : [WORDS]),
    ...refusals(state),
  ].join('\n\n');
}

function question({ ask }: CycleState): string[] {
  if (!ask) return [];
  const said = ask.yes.length === 0 ? '' : ` ${plain(ask.yes.join(', '))} said yes already.`;
  const many = ask.rules.people > 1 ? ` ${ask.rules.people} people must say yes, by \`hale approve\`.${said}` : '';
  const answer = `Send the signal \`approve\` or \`reject\` with \`{"by":"your name","proposal":"${ask.proposal}"}\`.`;
  return [`**${ask.proposal}** waits for your decision until ${minute(ask.expiresAt)}.${many} ${answer}`];
}

function pause({ paused }: CycleState): string[] {
  if (!paused) return [];
  return [`**Paused** by ${plain(said(paused.by, paused.reason))}. Nothing is changed until somebody sends \`resume\`.`];
}

function next(state: CycleState): string[] {
  if (state.phase !== 'closed') return [`Next: ${NEXT[state.phase]}.`];
  const afterwards = state.outcome && AFTERWARDS[state.outcome];
  return afterwards === undefined ? [] : [`Next: ${afterwards(state.service)}.`];
}

function why({ broken, by, reason }: Occasion): string[] {
  const parts = [...(broken.length > 0 ? [`Broken: ${broken.join(', ')}.`] : []), ...(by ? [`Started by ${said(by, reason)}.`] : [])];
  return parts.length > 0 ? [plain(parts.join(' '))] : [];
}

const incident = ({ incident: id, attempt }: CycleState): string[] =>
  id === undefined ? [] : [`Incident ${id}, attempt ${attempt}; its whole story: \`hale incidents ${id}\``];

function refusals({ refusals: all }: CycleState): string[] {
  if (all.length === 0) return [];
  const lines = all.slice(-5).map((refusal) => `- ${plain(refusal)}`);
  return ['Not obeyed:', lines.join('\n')];
}

const said = (by: string, reason: string | undefined): string => (reason ? `${by}: ${reason}` : by);

/** To the minute, since nobody decides by the second at night. */
const minute = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** What people and targets say is text, never markdown: one line, so that it can't pass for one of hale's own. */
const plain = (text: string): string => text.replace(/\s+/g, ' ').replace(/[\\`*_[\]<>#|~]/g, '\\$&');
