import { CommanderError, type Command } from 'commander';
import { exitCodes, Failure } from './exit-codes.js';
import { haleProgram, interrupted } from './program.js';
import { showFailure } from './report.js';

/** Commands that run another program: that one answers to signals. */
const foreground = ['up', 'lab'];
/** Commands that read a configuration, and load the modules of people's own that it names. */
const loading = ['check', 'permissions', 'doctor', 'backtest'];

const argv = process.argv.slice(2);
const json = argv.includes('--json');
const program = haleProgram();
quietly(program);
if (!foreground.includes(argv[0] ?? '')) process.once('SIGINT', interrupted);
// `hale incidents | head` closes the pipe early: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.done);
  console.error(`hale: what it has to say can't be written: ${error.message}`);
  process.exit(exitCodes.bug);
});

try {
  await program.parseAsync(argv, { from: 'user' });
} catch (error) {
  process.exitCode = error instanceof CommanderError ? usage(error) : showFailure({ json }, error);
}
if (loading.includes(argv[0] ?? '')) endOnceSaid();

/** What a module left open would keep this process for ever. What can't be written is for the listener above. */
function endOnceSaid(): void {
  process.stdout.write('', (failed) => {
    if (!failed) process.stderr.write('', () => process.exit());
  });
}

/** Commander throws instead of ending the process; with --json its sentence is part of the object. */
function quietly(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) quietly(child);
  if (json && argv[0] !== 'lab') command.configureOutput({ writeErr: () => undefined });
}

/** Help and version end in an "error" of exit code 0. */
function usage(error: CommanderError): number {
  if (error.exitCode === 0) return exitCodes.done;
  if (!json) return exitCodes.usage; // Commander has printed it.
  return showFailure({ json }, new Failure('usage', error.message.replace(/^error: /, ''), 'hale --help'));
}
