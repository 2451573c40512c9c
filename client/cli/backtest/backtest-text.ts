import type { Backtest } from '../../../contracts/adoption.js';
import { age, counted, plain, table } from '../text.js';

/** The troubles as a table, then the totals, then what history could not tell. */
export function backtestText(data: Backtest): string {
  const { totals } = data;
  return [
    ...(data.troubles.length === 0 ? ['nothing was found'] : [troubleTable(data.troubles)]),
    '',
    `${data.from} to ${data.until}, every ${data.stepSeconds}s: ${counted(data.services, 'service')}, ${totals.watchedServiceHours} service-hours, ${totals.quietServiceHours} of them quiet`,
    `${counted(totals.findings, 'finding')} in ${counted(totals.troubles, 'trouble')}; ${counted(totals.proposals, 'proposal')}; a person called ${counted(totals.calls, 'time')}`,
    `proposals per 1,000 quiet service-hours: ${ratioText(totals.proposalsPer1000QuietServiceHours, (value) => value.toFixed(2))}`,
    `time without data: ${ratioText(totals.noDataShare, (value) => `${(value * 100).toFixed(2)}%`)} objective-hours`,
    ...notEvaluable(data.notEvaluable),
  ].join('\n');
}

function ratioText({ value, numerator, denominator }: Backtest['totals']['noDataShare'], shown: (value: number) => string): string {
  return value === null ? 'noData' : `${shown(value)} (${numerator} of ${denominator})`;
}

function troubleTable(troubles: Backtest['troubles']): string {
  const rows = troubles.map((one) => [
    one.foundAt,
    one.instance === null ? one.service : `${one.service}/${one.instance}`,
    `${one.endedAt === null ? 'over ' : ''}${age(one.lastedSeconds * 1000)}`,
    [...new Set(one.findings.map(({ kind, objective }) => `${objective} ${kind}`))].join(', '),
    answerText(one),
  ]);
  return table(['FOUND', 'SERVICE', 'LASTED', 'SYMPTOM', 'WHAT HALE WOULD HAVE DONE'], rows);
}

function answerText({ proposals, calls, waits }: Backtest['troubles'][number]): string {
  const said = [
    ...waits.map(({ at, why }) => ({ at, text: why })),
    ...proposals.map(({ at, correction, answer, sentence, notEvaluable: before }) => ({
      at,
      text: `${correction} (${answer}: ${sentence})${before.length === 0 ? '' : `; before it, not evaluable: ${before.map((one) => one.correction).join(', ')}`}`,
    })),
    ...calls.map(({ at, why }) => ({ at, text: `call a person: ${why}` })),
  ];
  const inOrder = said.toSorted((a, b) => a.at.localeCompare(b.at)).map(({ text }) => text);
  return inOrder.join('; then ') || 'nothing: it ended first';
}

function notEvaluable(parts: Backtest['notEvaluable']): string[] {
  if (parts.length === 0) return [];
  return ['', 'not evaluable from history:', ...parts.map(({ service, part, why }) => plain(`  ${service}.${part}: ${why}`))];
}
