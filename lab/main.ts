/** The lab's entry: `main.js prove|demo|break|run ...`; `hale lab` hands its arguments over. */
import { parseArgs } from 'node:util';
import { type FaultName, faults, parseFaults } from './faults/faults.js';
import { prove } from './prove.js';

const allFaults = Object.keys(faults) as FaultName[];

async function proveCommand(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { faults: { type: 'string' }, seed: { type: 'string', default: '1' } } });
  const names = values.faults === undefined ? allFaults : parseFaults(values.faults);
  let short = 0;
  for (const name of names) {
    const proof = await prove(name, Number(values.seed));
    process.stdout.write(`${JSON.stringify(proof)}\n`);
    if (!proof.holds) short += 1;
  }
  return short === 0 ? 0 : 1;
}

const [command, ...args] = process.argv.slice(2);
process.exitCode = command === 'prove' ? await proveCommand(args) : 2;
