import { Command } from 'commander';
import type { CheckOptions } from './check.js';
import type { PermissionsOptions } from './permissions/permissions.js';
import { type Output, print } from './report.js';

/** `hale check`. What reads and checks is loaded when it runs, so that `hale --help` stays quick. */
export function checkCommand(): Command {
  return new Command('check')
    .description('check a configuration and say everything that is wrong with it, with file, line and what is allowed')
    .argument('[files...]', 'configuration files, each checked with all that it includes', ['hale.yaml'])
    .option('--explain <service>', 'print each value of the service and where it comes from')
    .option('--schema', 'print the JSON Schema of the file, for editors')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExits 0 when all files are valid, 2 when one is not.')
    .action((files: string[], options: CheckOptions & Output) =>
      print(options, async () => {
        const { check } = await import('./check.js');
        return check(files, options);
      }),
    );
}

/** `hale permissions`. Asks nobody: it reads the file alone. */
export function permissionsCommand(): Command {
  return new Command('permissions')
    .description('print the grants, calls, sudoers and forced commands that the corrections of a configuration need, and no more')
    .option('--config <file>', 'the configuration', 'hale.yaml')
    .option('--service <name>', 'for this service only')
    .option('--script <host>', 'print the script that is the forced command on this machine')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nCorrections that only observe are left out: looking is all they do.')
    .action((options: PermissionsOptions & Output) =>
      print(options, async () => (await import('./permissions/permissions.js')).permissions(options)),
    );
}
