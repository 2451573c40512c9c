import type { NoDataReason } from '../../domain/reading.js';
import type { Answer } from './ask.js';

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Seconds since the epoch, as Prometheus writes them. */
  readonly time: number;
  /** As text, which is how Prometheus writes numbers; undefined for a histogram or anything else. */
  readonly value: string | undefined;
}

/** `badQuery` is the fault of a query, all other failures are the source's. */
export type Result =
  | { readonly kind: 'series'; readonly series: readonly Series[] }
  | { readonly kind: 'badQuery'; readonly detail: string }
  | { readonly kind: 'failed'; readonly reason: NoDataReason; readonly detail: string };

/** What an instant query's answer says. Whatever is not a whole, good answer of Prometheus is a failure of the source. */
export function resultOf(answer: Answer): Result {
  if (answer.kind === 'failed') return answer;
  const down = (detail: string): Result => ({ kind: 'failed', reason: 'sourceUnavailable', detail });
  if (answer.isHtml) return down(`HTML instead of JSON, status ${answer.status}: a login page?`);
  const body = objectOf(parsed(answer.text));
  if (body === undefined) return down(`status ${answer.status} without whole JSON`);
  if (body.status === 'error') return errorOf(body, answer.status);
  if (answer.status !== 200 || body.status !== 'success') return down(`status ${answer.status} without a result`);
  const [warning] = Array.isArray(body.warnings) ? body.warnings.map(String) : [];
  if (warning !== undefined) return warning.startsWith('PromQL') ? { kind: 'badQuery', detail: warning } : down(`partial: ${warning}`);
  return dataOf(objectOf(body.data));
}

function errorOf({ error, errorType }: Readonly<Record<string, unknown>>, status: number): Result {
  const detail = `${String(errorType)}: ${String(error)}`.slice(0, 300);
  const isQuery = errorType === 'bad_data' || errorType === 'execution';
  return isQuery ? { kind: 'badQuery', detail } : { kind: 'failed', reason: 'sourceUnavailable', detail: `status ${status}: ${detail}` };
}

function dataOf(data: Readonly<Record<string, unknown>> | undefined): Result {
  const type = String(data?.resultType);
  if (type === 'scalar') return { kind: 'series', series: [seriesOf({ metric: {}, value: data?.result })] };
  if (type === 'vector' && Array.isArray(data?.result))
    return { kind: 'series', series: data.result.map((one) => seriesOf(objectOf(one))) };
  return { kind: 'badQuery', detail: `the result is a ${type}, a vector or scalar is needed` };
}

function seriesOf(sample: Readonly<Record<string, unknown>> | undefined): Series {
  const [time, value] = Array.isArray(sample?.value) ? (sample.value as unknown[]) : [];
  const labels = Object.entries(objectOf(sample?.metric) ?? {}).map(([name, text]) => [name, String(text)] as const);
  return {
    labels: Object.fromEntries(labels),
    time: typeof time === 'number' ? time : Number.NaN,
    value: typeof value === 'string' ? value : undefined,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const objectOf = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
