import { Command } from 'commander';
import { spoken } from './connected.js';
import type { DryRunOptions } from './dry-run.js';
import { print, type Output } from './report.js';
import type { WorkOptions } from './work.js';

/** What the policy says, and whom it gives way to. */
export function gateCommands(): Command[] {
  const gate = new Command('gate').description('what the policy says');
  spoken(gate.command('explain'))
    .description('whether a correction may be done now: the rule that decides, its sentence, and what else speaks against it')
    .argument('<service>')
    .argument('<correction>')
    .option('--instance <name>', 'on one instance of the service')
    .action((service: string, correction: string, options: DryRunOptions & Output) =>
      print(options, async () => (await import('./dry-run.js')).explain(service, correction, options)),
    );
  const work = spoken(new Command('work'))
    .description('say that you work on a service: where the policy yields to persons, hale keeps its hands off')
    .argument('<service>')
    .option('--for <duration>', 'how long: 30m, 2h', '30m')
    .option('--done', 'you are done')
    .option('--of <name>', 'with --done: end the work of this person instead of yours')
    .action((service: string, options: WorkOptions & Output) =>
      print(options, async () => (await import('./work.js')).work(service, options)),
    );
  return [gate, work];
}
