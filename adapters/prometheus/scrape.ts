import parseExposition from 'parse-prometheus-text-format';
import type { Asked, Meter } from '../../activities/ports.js';
import { textReading } from '../../domain/detection/trust.js';
import type { Reading } from '../../domain/reading.js';
import { ask, type Answer } from './ask.js';

type ScrapeSignal = Asked<'scrape'>['signal'];

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: string;
  /** The sample's own time; a source may hold an old value up. */
  readonly at: number | undefined;
}

/** Reads metrics from a target's own page in Prometheus text format; signals of one page share one request. */
export function scrapeMeter(): Meter<'scrape'> {
  return {
    async read(asked, abort) {
      const pages = new Map<string, Promise<Answer>>();
      for (const { signal } of asked) if (!pages.has(signal.url)) pages.set(signal.url, page(signal, abort));
      return Promise.all(asked.map(async ({ signal }) => readingOf(signal, await pages.get(signal.url), Date.now())));
    },
  };
}

const page = ({ url, timeoutMs }: ScrapeSignal, abort: AbortSignal): Promise<Answer> =>
  ask({ url, accept: 'text/plain;version=0.0.4', timeoutMs, abort });

function readingOf(signal: ScrapeSignal, answer: Answer | undefined, now: number): Reading {
  const missing = (reason: Extract<Reading, { kind: 'noData' }>['reason'], detail: string): Reading => ({
    kind: 'noData',
    at: now,
    reason,
    detail,
  });
  if (answer === undefined) return missing('neverRead', 'the page was not asked for');
  if (answer.kind === 'failed') return missing(answer.reason, answer.detail);
  if (answer.status !== 200) return missing('sourceUnavailable', `the page answered with status ${answer.status}`);
  if (answer.isHtml) return missing('sourceUnavailable', 'the page answered with HTML instead of metrics');
  try {
    const series = seriesOf(answer.text, signal.metric).filter((one) =>
      Object.entries(signal.labels).every(([k, v]) => one.labels[k] === v),
    );
    const [only, another] = series;
    if (only === undefined) return missing('absent', `there is no series ${selectorOf(signal)}`);
    if (another !== undefined) return missing('ambiguous', `${selectorOf(signal)} selects ${series.length} series: ${named(series)}`);
    return textReading(only.value, only.at ?? now);
  } catch (error) {
    return missing('malformed', error instanceof Error ? error.message : String(error));
  }
}

/** Only the lines of this one metric are parsed, each for itself: the parser would merge equal neighbours and histograms. */
function seriesOf(text: string, metric: string): Series[] {
  const isMine = (line: string): boolean => line.startsWith(metric) && /^[{ \t]/.test(line.slice(metric.length));
  const lines = text.split('\n');
  if (isMine(lines.at(-1) ?? '')) throw new Error('the page was cut in the middle of a line');
  return lines.filter(isMine).map(seriesOfLine);
}

function seriesOfLine(line: string): Series {
  const [sample] = parseExposition(`${line}\n`)[0]?.metrics ?? [];
  if (sample?.value === undefined) throw new Error(`no sample in the line ${line.slice(0, 120)}`);
  const at = sample.timestamp_ms === undefined ? undefined : Number(sample.timestamp_ms);
  return { labels: sample.labels ?? {}, value: sample.value, at };
}

const selectorOf = ({ metric, labels }: ScrapeSignal): string => metric + labelText(labels);

const labelText = (labels: Readonly<Record<string, string>>): string =>
  `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(',')}}`;

const named = (series: readonly Series[]): string =>
  series
    .slice(0, 5)
    .map((one) => labelText(one.labels))
    .join(' ');
