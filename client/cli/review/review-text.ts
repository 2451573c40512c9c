import type { Review, Reviewed } from '../../../contracts/adoption.js';
import { age, coloured, plain } from '../text.js';

/** Every incident with what hale would have done and what happened instead, then how often it was right. */
export function reviewText({ incidents, agreement }: Review): string {
  if (incidents.length === 0) return 'hale neither did nor suggested anything in this time';
  return [...incidents.map(incidentText), agreementText(agreement)].join('\n\n');
}

export function incidentText(one: Reviewed): string {
  const name = one.instance === null ? one.service : `${one.service}/${one.instance}`;
  const lasted = one.lastedSeconds === null ? 'still there' : `lasted ${age(one.lastedSeconds * 1000)}`;
  const mark = one.mark === null ? '' : `   [${one.mark.mark}, says ${one.mark.by}]`;
  return [
    coloured('bold', plain(`${one.incident}  ${name}  ${one.startedAt}  ${lasted}  ${one.outcome ?? 'open'}${mark}`)),
    ...one.acted.map(({ correction, verdict, undone }) =>
      plain(`  hale did ${correction}: ${verdict ?? 'no verdict'}${undone ? ', undone' : ''}`),
    ),
    ...one.suggestions.map(({ correction, answer, sentence }) => plain(`  hale would: ${correction} (${answer}: ${sentence})`)),
    ...one.instead.map((line) => plain(`  instead: ${line}`)),
  ].join('\n');
}

function agreementText({ value, numerator, denominator, low, high }: Review['agreement']): string {
  if (value === null || low === null || high === null) return 'agreement: noData, no incident is marked yet';
  const percent = (share: number): string => `${(share * 100).toFixed(0)}%`;
  return `agreement: ${percent(value)} (${numerator} of ${denominator} marked right; 95% interval ${percent(low)} to ${percent(high)})`;
}
