import type { AlertmanagerSource } from '../../domain/service.js';
import { failureOf } from '../../secrets/failure.js';
import { headerSecretOf } from '../../secrets/read.js';
import { redacted } from '../../secrets/redact.js';

/** Long enough for a busy server, short enough that a dead one does not hold up every look at the policy. */
export const ANSWER_MS = 3_000;
/** Silences that hale set itself say nothing about people. */
export const OWN = 'hale';

export interface Matcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  readonly isEqual?: boolean;
}

/** A silence as API v2 tells it. */
export interface Found {
  readonly id: string;
  readonly status: { readonly state: string };
  readonly matchers: readonly Matcher[];
  readonly createdBy: string;
  readonly comment: string;
  readonly startsAt: string;
  readonly endsAt: string;
}

interface Question {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** What it answers, and what keeps it from answering, is told without hale's own token. */
export async function ask(source: AlertmanagerSource, question: Question): Promise<Answer> {
  const secrets = source.token === undefined ? [] : [await headerSecretOf(source.token)];
  try {
    const { status, text } = await exchange(source, question, secrets);
    return { status, text: redacted(text, secrets) };
  } catch (error) {
    throw failureOf(error, secrets);
  }
}

async function exchange(
  source: AlertmanagerSource,
  { method = 'GET', path, body, signal }: Question,
  secrets: readonly string[],
): Promise<Answer> {
  const answer = await fetch(`${source.url}/api/v2${path}`, {
    method,
    headers: { ...authorized(secrets), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    signal,
    redirect: 'error',
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, text: await answer.text() };
}

/** One that is gone, or has expired, has ended. */
const ENDED: readonly number[] = [404, 410];

export const hasEnded = ({ status }: Answer): boolean => isWell({ status }) || ENDED.includes(status);

export const isWell = ({ status }: Pick<Answer, 'status'>): boolean => status >= 200 && status < 300;

/** The silences that are in force; throws where nobody can tell. */
export async function activeSilences(source: AlertmanagerSource, signal: AbortSignal): Promise<readonly Found[]> {
  return (await silences(source, signal)).filter(({ status }) => status.state === 'active');
}

/** All that the server remembers. */
export async function silences(source: AlertmanagerSource, signal: AbortSignal): Promise<readonly Found[]> {
  const answer = await ask(source, { path: '/silences', signal });
  if (!isWell(answer)) throw new Error(`it answered ${answer.status}`);
  return JSON.parse(answer.text) as readonly Found[];
}

/** One silence on exactly these labels, as the server wants it written. */
export const silenceOf = (
  labels: Readonly<Record<string, string>>,
  { from, until, comment }: { readonly from: number; readonly until: number; readonly comment: string },
): Omit<Found, 'id' | 'status'> => ({
  matchers: Object.entries(labels).map(([name, value]) => ({ name, value, isRegex: false, isEqual: true })),
  startsAt: new Date(from).toISOString(),
  endsAt: new Date(until).toISOString(),
  createdBy: OWN,
  comment,
});

const authorized = ([token]: readonly string[]): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

export const whyOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
