/** The lab's entry: `main.js demo|break|run|prove ...`; `hale lab` hands its arguments over. */
import { parseArgs } from 'node:util';
import { breakDemo, demo } from './demo.js';
import { type FaultName, faults, parseFaults } from './faults/faults.js';
import { prove } from './prove.js';
import { runCommand } from './run/command.js';
import { UsageError, wholeNumber } from './usage.js';

const allFaults = Object.keys(faults) as FaultName[];

async function proveCommand(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { faults: { type: 'string' }, seed: { type: 'string', default: '1' } } });
  const names = values.faults === undefined ? allFaults : parseFaults(values.faults);
  let short = 0;
  for (const name of names) {
    const proof = await prove(name, wholeNumber('seed', values.seed));
    process.stdout.write(`${JSON.stringify(proof)}\n`);
    if (!proof.holds) short += 1;
  }
  return short === 0 ? 0 : 1;
}

async function demoCommand(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { state: { type: 'string', default: '.hale' }, seed: { type: 'string', default: '1' } } });
  await demo(values.state, wholeNumber('seed', values.seed));
  return 0;
}

async function breakCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { state: { type: 'string', default: '.hale' } } });
  const [fault, ...more] = parseFaults(positionals.join(','));
  if (fault === undefined || more.length > 0) throw new UsageError(`name one fault: ${allFaults.join(', ')}`);
  await breakDemo(values.state, fault);
  return 0;
}

const commands: Readonly<Record<string, (args: string[]) => Promise<number>>> = {
  demo: demoCommand,
  break: breakCommand,
  run: runCommand,
  prove: proveCommand,
};

const usage = `usage: hale lab demo  [--state DIR] [--seed N]         start the demonstration and keep it running
       hale lab break FAULT [--state DIR]             break the demonstration
       hale lab run   [--faults A,B] [--runs N] [--seed N] [--first right|wrong] [--undo possible|impossible]
                      [--state DIR] [--watch SECONDS] [--json] [--out FILE]
                      [--temporal ADDR] [--database URL] [--workers N] [--kill-worker]
                                                      break a lab for each run, and judge how hale heals it
       hale lab prove [--faults A,B] [--seed N]       show without hale that each fault bites and can be repaired
faults: ${allFaults.join(', ')}
`;

/** What people got wrong: a sentence and exit 2, no stack trace. */
function complain(error: unknown): number {
  if (!(error instanceof Error)) throw error;
  process.stderr.write(`hale lab: ${error.message}\n`);
  return error instanceof UsageError || ('code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')) ? 2 : 1;
}

const [name = '', ...args] = process.argv.slice(2);
const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
if ([name, ...args].some((arg) => arg === '--help' || arg === '-h')) process.stdout.write(usage);
else process.exitCode = command === undefined ? misunderstood() : await command(args).catch(complain);

function misunderstood(): number {
  process.stderr.write(usage);
  return 2;
}
