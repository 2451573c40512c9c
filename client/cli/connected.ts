import type { Command } from 'commander';

/** Options of every command that talks to a running hale. */
export const connected = (command: Command): Command =>
  command
    .option('--state <dir>', 'state folder of the running hale (default: $HALE_STATE, else .hale)')
    .option('--temporal <address>', 'Temporal server (default: as the state folder says, else $TEMPORAL_ADDRESS)')
    .option('--namespace <name>', 'Temporal namespace')
    .option('--database <url>', 'PostgreSQL (default: as the state folder says, else $HALE_DATABASE_URL)')
    .option('--json', 'print one JSON object');

/** As `connected`, for what a person orders: the order is recorded under a name. */
export const spoken = (command: Command): Command =>
  connected(command).option('--by <name>', 'who orders it (default: your account)').option('--reason <text>', 'why; kept on record');
