import { type Channel, type ChannelName, channelsOf, channelsOfAll, noPaging } from './channel.js';
import type { Outcome } from './outcome.js';
import type { Fleet } from './service.js';

/** One event of the ledger, as deliveries read it. `at` is ms since the epoch. */
export interface LedgerLine {
  readonly seq: number;
  readonly at: number;
  readonly kind: string;
  readonly service: string;
  readonly instance?: string;
  readonly incident?: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * What a channel is to say: people are called; they are told of something that needs nobody; one of them answered; they are not needed any more; a cycle began or ended
 * (for dashboards); a test; another channel fails.
 */
export type Purpose = 'call' | 'told' | 'answered' | 'ended' | 'opened' | 'closed' | 'test' | 'channelFailed';

export interface Assigned {
  readonly channel: ChannelName;
  readonly purpose: Purpose;
}

/**
 * Whom an event concerns, and why. `called` are the channels by which people were called about its incident and have not
 * heard of its end: only they hear how it goes on.
 */
export function concerned(line: LedgerLine, fleet: Fleet, called: readonly ChannelName[]): Assigned[] {
  const paging = fleet.paging ?? noPaging;
  const service = fleet.services.find(({ name }) => name === line.service);
  const team = line.kind === 'page.test' ? textIn(line, 'team') : service?.team;
  const isOfNoService = service === undefined && line.kind !== 'page.test';
  const channels = isOfNoService ? channelsOfAll(paging) : channelsOf(paging, team);
  const voices = channels.filter(({ kind }) => kind !== 'grafana');
  switch (line.kind) {
    case 'person.called':
      return textIn(line, 'why') === 'told' ? say('told', voices.filter(wakesNobody)) : say('call', voices);
    case 'person.said':
      return ENDING_OR_DECIDING.includes(textIn(line, 'verb') ?? '') ? follow('answered', called) : [];
    case 'hold.released':
    case 'storm.ended':
    case 'symptom.ended':
      return follow('ended', called);
    case 'cycle.opened':
      return say('opened', channels.filter(isDashboard));
    case 'cycle.closed':
      return [...say('closed', channels.filter(isDashboard)), ...(isOver(line) ? follow('ended', called) : [])];
    case 'page.failed':
      return say('channelFailed', besides(textIn(line, 'channel'), voices, paging.others));
    case 'page.test':
      return say('test', channels);
    default:
      return [];
  }
}

const ENDING_OR_DECIDING: readonly string[] = ['approve', 'reject', 'abort', 'takeOver'];

/** After these nobody is needed any more. */
const OVER: readonly Outcome[] = ['healed', 'prevented', 'recoveredAlone', 'notConfirmed'];

/**
 * After a refusal the symptom stands and nobody works on it: that it is gone, no cycle says. It is gone with the last finding,
 * which may close before the cycle does.
 */
export const maySayThatSymptomEnded = (line: LedgerLine): boolean =>
  line.kind === 'finding.closed' ? line.data['isLast'] === true : line.kind === 'cycle.closed' && line.data['outcome'] === 'refused';

const isOver = (line: LedgerLine): boolean => OVER.some((outcome) => outcome === line.data['outcome']);

const isDashboard = ({ kind }: Channel): boolean => kind === 'grafana';

const wakesNobody = ({ kind }: Channel): boolean => kind !== 'pagerduty';

const say = (purpose: Purpose, channels: readonly Channel[]): Assigned[] => channels.map(({ name }) => ({ channel: name, purpose }));

const follow = (purpose: Purpose, called: readonly ChannelName[]): Assigned[] => called.map((channel) => ({ channel, purpose }));

/** Whoever can still be reached where one channel fails: the team's others, else those for everybody else. */
function besides(failing: string | undefined, own: readonly Channel[], others: readonly Channel[]): readonly Channel[] {
  const reachable = (channels: readonly Channel[]) => channels.filter((channel) => channel.name !== failing && !isDashboard(channel));
  const left = reachable(own);
  return left.length > 0 ? left : reachable(others);
}

export function textIn({ data }: LedgerLine, field: string): string | undefined {
  const value = data[field];
  return typeof value === 'string' ? value : undefined;
}

/** What became of one try. `later`: it may go well at another time; `refused`: never. */
export type Sent =
  | { readonly kind: 'sent'; readonly answer: string }
  | { readonly kind: 'later'; readonly why: string; /** The receiver said when. */ readonly afterMs?: number }
  | { readonly kind: 'refused'; readonly why: string };

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
/** A receiver that asks for more is asked again all the same. */
const PATIENCE_MS = 300_000;

/** How long a channel rests after its nth failure in a row, n from 1. */
export const restMs = (failures: number, afterMs?: number): number =>
  afterMs === undefined
    ? Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures - 1, 16))
    : Math.min(PATIENCE_MS, Math.max(FIRST_WAIT_MS, afterMs));

/** What could not be delivered for so long is given up: it is history then, and the incident has it all the same. */
export const GIVE_UP_AFTER_MS = 3_600_000;

/** A channel counts as failing from this many failures in a row on: the first may be a receiver that restarts. */
export const FAILING_AFTER = 3;

/** How many messages a minute a channel takes; what people read is limited to what they can read. */
export const PER_MINUTE: { readonly [K in Channel['kind']]: number } = {
  slack: 10,
  teams: 10,
  pagerduty: 60,
  email: 6,
  webhook: 300,
  grafana: 300,
};

/** More than this at once is said in one message to people. */
const FOLD_ABOVE = 5;

/** What to send now of what waits, in order: one message alone, or many folded into one; empty while the minute is used up. */
export function nextMessage<W extends { readonly purpose: Purpose }>(
  kind: Channel['kind'],
  waiting: readonly W[],
  sentLately: number,
): readonly W[] {
  const left = PER_MINUTE[kind] - sentLately;
  const [first] = waiting;
  if (first === undefined || left <= 0) return [];
  if (!folds(kind, first.purpose)) return [first];
  const like = waiting.filter(({ purpose }) => folds(kind, purpose));
  return like.length > Math.min(FOLD_ABOVE, left - 1) ? like : [first];
}

/** An alert at PagerDuty ends by its own end only, and machines count: those are never folded. */
function folds(kind: Channel['kind'], purpose: Purpose): boolean {
  if (kind === 'webhook' || kind === 'grafana' || purpose === 'test') return false;
  return kind !== 'pagerduty' || purpose === 'call';
}
