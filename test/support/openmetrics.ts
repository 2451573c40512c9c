/** One series in OpenMetrics text, a sample each `stepMs`; where `valueAt` answers undefined there is none. */
export function seriesText(
  selector: string,
  { from, until, stepMs }: { readonly from: number; readonly until: number; readonly stepMs: number },
  valueAt: (at: number) => number | undefined,
): string {
  const lines: string[] = [];
  for (let at = from; at <= until; at += stepMs) {
    const value = valueAt(at);
    if (value !== undefined) lines.push(`${selector} ${value} ${at / 1000}\n`);
  }
  return lines.join('');
}

export const openMetricsOf = (series: readonly string[]): string => `${series.join('')}# EOF\n`;
