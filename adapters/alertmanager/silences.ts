import { readFile } from 'node:fs/promises';
import { RE2JS } from 're2js';
import type { Silence, Silences } from '../../activities/ports.js';
import type { AlertmanagerSource, SecretReference } from '../../domain/service.js';

/** Long enough for a busy server, short enough that a dead one does not hold up every look at the policy. */
const ANSWER_MS = 3_000;
/** Silences that hale set itself say nothing about people. */
export const OWN = 'hale';

interface Matcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  readonly isEqual?: boolean;
}

interface Found {
  readonly status: { readonly state: string };
  readonly matchers: readonly Matcher[];
  readonly createdBy: string;
  readonly comment: string;
  readonly endsAt: string;
}

/** Reads silences over Alertmanager's API v2. */
export const alertmanagerSilences = (): Silences => ({
  async about(source, service) {
    try {
      const silence = (await active(source)).find(
        (one) => one.createdBy !== OWN && one.matchers.some((matcher) => names(matcher, source.serviceLabel ?? 'service', service)),
      );
      if (silence === undefined) return { kind: 'none' };
      return { kind: 'silenced', by: silence.createdBy, until: Date.parse(silence.endsAt), comment: silence.comment };
    } catch (error) {
      return { kind: 'unknown', why: `Alertmanager ${source.name} can't be asked for silences: ${whyOf(error)}` } satisfies Silence;
    }
  },
});

/** The whole value has to match, as in Alertmanager. What is not about one service by its label is not about this one. */
function names({ name, value, isRegex, isEqual = true }: Matcher, label: string, service: string): boolean {
  if (name !== label || !isEqual) return false;
  return isRegex ? fits(value, service) : value === service;
}

export const authorized = async ({ token }: AlertmanagerSource): Promise<Record<string, string>> =>
  token === undefined ? {} : { authorization: `Bearer ${await secretOf(token)}` };

/** A pattern that this engine can't read stands for no service: Alertmanager would have refused it. */
function fits(pattern: string, service: string): boolean {
  try {
    return RE2JS.matches(pattern, service);
  } catch {
    return false;
  }
}

async function active(source: AlertmanagerSource): Promise<Found[]> {
  const answer = await fetch(`${source.url}/api/v2/silences?active=true`, {
    headers: await authorized(source),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  if (!answer.ok) throw new Error(`it answered ${answer.status}`);
  const silences = (await answer.json()) as readonly Found[];
  return silences.filter(({ status }) => status.state === 'active');
}

async function secretOf(reference: SecretReference): Promise<string> {
  if ('file' in reference) return (await readFile(reference.file, 'utf8')).trim();
  const secret = process.env[reference.env];
  if (secret === undefined) throw new Error(`environment variable ${reference.env} is not set`);
  return secret;
}

/** fetch hides the reason in the cause. */
function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
}
