import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command, lastLines } from '../../support/acceptance/command.js';
import type { Measured } from '../../support/acceptance/step.js';
import type { Summary } from '../../fire/summary.js';

export const title = 'hale survives being killed at any moment';
export const bound = '0 acts doubled, 0 lost, 0 cycles stuck, 0 decisions asked twice; kills spread over all named points';

export async function run(full: boolean, seed: number): Promise<Measured> {
  const [kills, treeKills] = full ? [200, 20] : [40, 2];
  const folder = await mkdtemp(join(tmpdir(), 'hale-fire-out-'));
  const out = join(folder, 'fire.ndjson');
  const options = ['--kills', kills, '--tree-kills', treeKills, '--seed', seed, '--out', out].map(String);
  const { code, output } = await command('node', ['scripts/fire.mjs', ...options], process.cwd());
  const lines = (await readFile(out, 'utf8')).trimEnd().split('\n');
  await rm(folder, { recursive: true });
  const last = JSON.parse(lines.at(-1) ?? '{}') as Summary | object;
  if (!('hit' in last)) throw new Error(lastLines(output));
  return {
    value: valueOf(last),
    ok: code === 0,
    hitEnough: code !== 9,
    evidence: lastLines(output, 40),
  };
}

function valueOf({ hit, broke, acts }: Summary): string {
  const count = (lines: Summary['hit'], ...names: readonly string[]): string =>
    names.map((name) => `${lines[name]?.value} ${name}`).join(', ');
  const struck = count(hit, 'kills', 'openEffect', 'ownCallOnWire', 'treeKills');
  return `${struck}; ${acts} acts: ${count(broke, 'doubled', 'lost', 'stuck', 'askedTwice')}`;
}
