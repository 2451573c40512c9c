import type { Measured } from '../../support/acceptance/step.js';
import { command, lastLines } from '../../support/acceptance/command.js';

export const title = 'who breaks a rule is caught by the tests';
export const bound = 'at least 40 rules broken one by one, 95 of 100 caught, and the edit that changes nothing not; 12 without --full';

const mutantsMin = 40;

/** One or two of each kind of rule: all of them take half an hour. */
const few = [
  'stop-at-act',
  'lease-holder',
  'fence-compared',
  'budget-lock',
  'proposal-before',
  'decision-once',
  'signature',
  'not-repeatable',
  'hold-relapse',
  'intake-durable',
  'dry-run',
  'codec-tag',
];

interface Tried {
  readonly name: string;
  readonly end: string;
  readonly survives?: boolean;
}

export async function run(full: boolean): Promise<Measured> {
  const only = full ? [] : few.flatMap((name) => ['--only', name]);
  const { code, output } = await command('npm', ['run', '--silent', 'mutate', '--', '--json', ...only], process.cwd());
  const tried = output.split('\n').flatMap((line) => (line.startsWith('{"name"') ? [JSON.parse(line) as Tried] : []));
  const rules = tried.filter(({ survives }) => survives !== true);
  const missed = rules.filter(({ end }) => end !== 'caught');
  return {
    value: `${rules.length - missed.length} of ${rules.length} caught, the one that changes nothing ${tried.find(({ survives }) => survives)?.end}`,
    ok: code === 0,
    hitEnough: rules.length >= (full ? mutantsMin : few.length),
    evidence: [...missed.map(({ name, end }) => `${end}: ${name}`), lastLines(output)].join('\n'),
  };
}
