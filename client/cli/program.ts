import { Command, Option } from 'commander';
import { adoptionCommands } from './adoption-commands.js';
import { checkCommand, permissionsCommand } from './check-command.js';
import { exitCodes, exitCodeTable } from './exit-codes.js';
import { connected, spoken } from './connected.js';
import { gateCommands } from './gate-commands.js';
import { intakeCommands } from './intake-commands.js';
import type { DoctorOptions } from './doctor.js';
import type { EffectsOptions } from './effects.js';
import type { IncidentsOptions } from './incidents.js';
import type { Spoken } from './person.js';
import { print, type Output } from './report.js';
import type { RetireOptions } from './keys.js';
import type { StatusOptions } from './status.js';
import type { Where } from './whereabouts.js';

/** The tree of commands. What a command needs is loaded when it runs, so that `hale --help` is instant. */
export function haleProgram(): Command {
  const program = new Command('hale')
    .description('Keeps running services healthy: detects, corrects, checks the correction, undoes it when it did not help.')
    .version('0.1.0')
    .enablePositionalOptions()
    .showHelpAfterError('(all commands and options: hale --help)');
  running(program);
  looking(program);
  deciding(program);
  switching(program);
  for (const command of gateCommands()) program.addCommand(command);
  for (const command of adoptionCommands()) program.addCommand(command);
  calling(program);
  spoken(program.command('keys').description('keys that seal what is said to Temporal').command('retire'))
    .description('let hale start without an old key, once nothing open is sealed with it')
    .argument('<key>', 'its id')
    .option('--lose-histories', 'also when archived cycles are sealed with it, which nobody can read or replay then')
    .action((key: string, options: RetireOptions & Output) =>
      print(options, async () => (await import('./keys.js')).retireKey(key, options)),
    );
  program
    .command('exit-codes')
    .description('list the exit codes')
    .addHelpText('after', `\n${exitCodeTable()}`)
    .action(() => void process.stdout.write(`${exitCodeTable()}\n`));
  return program;
}

function running(program: Command): void {
  program
    .command('up')
    .description('run hale: the databases where none are given, and the workers')
    .option('--config <file>', 'the file that names your services')
    .option('--state <dir>', 'folder for all that is kept', '.hale')
    .option('--port <number>', 'first port; default: free ones')
    .option('--temporal <address>', 'use this Temporal server')
    .option('--database <url>', 'use this PostgreSQL')
    .option('--payload-keys <file>', 'seal what is said to Temporal with the first key of this file (default: $HALE_PAYLOAD_KEYS)')
    .option('--open-payloads', 'let the page of Temporal show what is sealed')
    .option('--workers <number>', 'worker processes of each role')
    .option('--demo', 'with a demo service that may be broken: hale lab break kill')
    .option('--detach', 'return when hale is up')
    .option('--json', 'with --detach: print one JSON object')
    .action(async (options: { state: string; detach?: boolean } & Output, command: Command) => {
      const args = upArguments(command);
      if (!options.detach) return exitWith(await (await import('./entry.js')).runEntry('workers/main.js', args));
      await print(options, async () => (await import('./up.js')).upDetached(args, options.state));
    });
  program
    .command('lab')
    .description('break a real service for real, and see what hale does: hale lab run --help')
    .argument('[arguments...]')
    .passThroughOptions()
    .allowUnknownOption()
    .helpOption(false)
    .action(async (args: string[]) => exitWith(await (await import('./entry.js')).runEntry('lab/main.js', args)));
  connected(program.command('replay'))
    .description('replay archived cycles against the code of this version')
    .argument('[incident]', 'an incident, or a file written by incidents --export')
    .option('--all', 'every archived cycle')
    .action((what: string | undefined, options: Where & Output & { all?: boolean }) =>
      print(options, async () => (await import('./replay.js')).replay(what, options)),
    );
}

/** The words for `workers/main.js`: all that were given, but what only this side understands. */
function upArguments(command: Command): string[] {
  const { detach: _detach, json: _json, ...values } = command.opts<Record<string, string | boolean>>();
  return Object.entries(values).flatMap(([name, value]) => {
    const option = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return typeof value === 'string' ? [option, value] : value ? [option] : [];
  });
}

function looking(program: Command): void {
  connected(program.command('status'))
    .description('how every service stands, and what needs a person')
    .option('--check', 'exit 7 when something needs a person')
    .option('--watch', 'again each second, until interrupted')
    .action(async (options: StatusOptions & Output & { watch?: boolean }) => {
      if (!options.watch) return print(options, async () => (await import('./status.js')).status(options));
      await print(options, async () => (await import('./status-watch.js')).watchStatus(options));
    });
  connected(program.command('incidents'))
    .description('what happened: the list, or all about one incident')
    .argument('[id]')
    .option('--open', 'only those that have not ended')
    .option('--since <duration>', 'only those of the last 2h, 30m, 7d...')
    .option('--service <name>', 'only those of one service')
    .option('--limit <number>', 'at most so many', '100')
    .option('--all', 'also the incidents that are part of a storm')
    .option('--export <file>', 'write one incident with events, effects and histories to a file')
    .action((id: string | undefined, options: IncidentsOptions & Output) =>
      print(options, async () => {
        const { incident, incidents } = await import('./incidents.js');
        return id === undefined ? incidents(options) : incident(id, options);
      }),
    );
  intakeCommands(program, connected);
  connected(program.command('effects'))
    .description('what hale changed and nobody took back: with age, owner, and what to do about it')
    .option('--in-force', 'what is in force now, which is all that is listed')
    .option('--service <name>', 'only those of one service')
    .action((options: EffectsOptions & Output) => print(options, async () => (await import('./effects.js')).effectsInForce(options)));
  program.addCommand(checkCommand()).addCommand(permissionsCommand());
  connected(program.command('doctor'))
    .description('look at every part hale stands on and at all that it may do, and print the commands that are missing')
    .option('--config <file>', 'ask for the rights of this configuration (default: of the active one)')
    .action((options: DoctorOptions & Output) => print(options, async () => (await import('./doctor.js')).doctor(options)));
}

function deciding(program: Command): void {
  for (const decision of ['approve', 'reject'] as const) {
    spoken(program.command(decision))
      .description(decision === 'approve' ? 'say yes to the proposal you have seen' : 'say no to the proposal you have seen')
      .argument('<incident>')
      .addOption(new Option('--proposal <hash>', 'the hash of the proposal, as status shows it').makeOptionMandatory())
      .action((id: string, options: Spoken & Output & { proposal: string }) =>
        print(options, async () => (await import('./words.js')).decide(decision, id, options)),
      );
  }
  for (const [name, verb, description] of [
    ['abort', 'abort', 'end a cycle and undo what it changed'],
    ['takeover', 'takeOver', 'end a cycle and leave everything to you, as it is'],
  ] as const) {
    spoken(program.command(name))
      .description(description)
      .argument('<incident>')
      .action((id: string, options: Spoken & Output) =>
        print(options, async () => (await import('./words.js')).endCycle(verb, id, options)),
      );
  }
  spoken(program.command('keep'))
    .description('say that a change which hale made stays: you have looked at it')
    .argument('<action>', 'its action id, as `hale effects --in-force` prints it')
    .action((action: string, options: Spoken & Output) => print(options, async () => (await import('./effects.js')).keep(action, options)));
  spoken(program.command('heal'))
    .description('look at a service now, and heal it when it is broken')
    .argument('<service>')
    .option('--instance <name>', 'one instance of it')
    .option('--dry-run', 'say what would be done, and change nothing')
    .action((service: string, options: Spoken & Output & { instance?: string; dryRun?: boolean }) =>
      print(options, async () =>
        options.dryRun ? (await import('./dry-run.js')).dryRun(service, options) : (await import('./words.js')).heal(service, options),
      ),
    );
}

function switching(program: Command): void {
  spoken(program.command('pause'))
    .description('no new corrections for a while')
    .argument('<service>', 'a service, or all')
    .option('--for <duration>', 'how long: 30m, 2h', '1h')
    .action((service: string, options: Spoken & Output & { for: string }) =>
      print(options, async () => (await import('./pause.js')).pause(service, options)),
    );
  spoken(program.command('resume'))
    .description('end a pause, and let go of what is held for a person')
    .argument('[service]', 'a service, or all')
    .option('--all', 'lift the stop of all automation')
    .action((service: string | undefined, options: Spoken & Output & { all?: boolean }) =>
      print(options, async () => (await import('./pause.js')).resume(service, options)),
    );
  spoken(program.command('stop'))
    .description('stop all automation at once, undo included; needs only the database')
    .option('--all', 'the same, said aloud')
    .action((options: Spoken & Output) => print(options, async () => (await import('./stop.js')).stop(options)));
}

function calling(program: Command): void {
  const page = program.command('page').description('how people are called');
  spoken(page.command('test'))
    .description('send a test through every channel of a team, and say what came of it')
    .argument('[team]', 'default: the channels of policy.page')
    .action((team: string | undefined, options: Spoken & Output) =>
      print(options, async () => (await import('./page.js')).testPage(team, options)),
    );
}

function exitWith(code: number): void {
  process.exitCode = code;
}

export const interrupted = (): void => process.exit(exitCodes.interrupted);
