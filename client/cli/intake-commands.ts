import type { Command } from 'commander';
import type { AlertsOptions } from './alerts.js';
import type { ChangesOptions } from './changes.js';
import { print, type Output } from './report.js';

/** The commands on what came in from outside. */
export function intakeCommands(program: Command, connected: (command: Command) => Command): void {
  connected(program.command('alerts'))
    .description('what other monitoring said, and what became of it')
    .option('--unmatched', 'only those that are about no service')
    .option('--limit <number>', 'at most so many', '100')
    .action((options: AlertsOptions & Output) => print(options, async () => (await import('./alerts.js')).alerts(options)));
  connected(program.command('changes'))
    .description('what people and machines changed')
    .option('--service <name>', 'only those of one service')
    .option('--since <duration>', 'only those of the last 2h, 30m, 7d...', '1d')
    .option('--limit <number>', 'at most so many', '100')
    .action((options: ChangesOptions & Output) => print(options, async () => (await import('./changes.js')).changes(options)));
}
