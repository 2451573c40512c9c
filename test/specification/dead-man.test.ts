// The rule of docs/operating.md that says that hale has gone blind, put to the test by promtool.
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { freshFolder } from '../support/knob.js';

/** Series as promtool writes them, one value each 15 s; `alerts` are those that fire at the end of five minutes. */
async function firing(series: readonly { readonly series: string; readonly values: string }[], alerts: number): Promise<string> {
  const folder = await freshFolder();
  const docs = await readFile(new URL('../../docs/operating.md', import.meta.url), 'utf8');
  const block =
    docs
      .split('```yaml')
      .find((one) => one.includes('HaleIsBlind'))
      ?.split('```')[0] ?? '';
  await writeFile(join(folder, 'rules.yml'), stringify({ groups: [{ name: 'hale', rules: parse(block) as unknown }] }));
  const expected = { exp_labels: { severity: 'critical', service: 'hale' } };
  const exp_alerts = Array.from({ length: alerts }, () => expected);
  await writeFile(
    join(folder, 'test.yml'),
    stringify({
      rule_files: ['rules.yml'],
      evaluation_interval: '15s',
      tests: [{ interval: '15s', input_series: series, alert_rule_test: [{ eval_time: '5m', alertname: 'HaleIsBlind', exp_alerts }] }],
    }),
  );
  return execFileSync('promtool', ['test', 'rules', 'test.yml'], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

const LAST = 'hale_watch_last_reading_timestamp_seconds';

test('while readings are taken nobody is called', async () => {
  expect(await firing([{ series: LAST, values: '0+15x20' }], 0)).toContain('SUCCESS');
});

test('readings that stand still, and a metric that is gone, call people', async () => {
  expect(await firing([{ series: LAST, values: '0+15x8 120x12' }], 1)).toContain('SUCCESS');
  expect(await firing([], 1)).toContain('SUCCESS');
  await expect(firing([], 0)).rejects.toThrow();
});
