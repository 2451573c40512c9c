import { Command } from 'commander';
import type { CheckOptions } from './check.js';
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
