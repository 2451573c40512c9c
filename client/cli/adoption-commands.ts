import { Command, Option } from 'commander';
import type { BacktestOptions } from './backtest/backtest.js';
import type { Format, ImportOptions } from './import.js';
import type { ReviewOptions } from './review/review.js';
import type { InitOptions } from './init/init.js';
import { spoken } from './connected.js';
import { print, type Output } from './report.js';

/** The commands by which a team adopts hale. None of them needs a running hale but `review`. */
export function adoptionCommands(): Command[] {
  return [initCommand(), backtestCommand(), importCommand(), reviewCommand()];
}

/** Options of every command that asks a Prometheus. */
const asking = (command: Command): Command =>
  command
    .option('--token-file <file>', 'file with the bearer token for Prometheus')
    .option('--timeout <duration>', 'how long one answer may take', '30s')
    .option('--json', 'print one JSON object');

function initCommand(): Command {
  return asking(new Command('init'))
    .description('write a configuration that only observes, from what your Prometheus knows; never overwrites')
    .requiredOption('--prometheus <url>', 'your Prometheus')
    .option('--alertmanager <url>', 'your Alertmanager: names who is called today')
    .option('--kubernetes', 'take targets and owners from the Deployments of the current kubeconfig context; reads only')
    .option('--out <file>', 'the file to write', 'hale.yaml')
    .addHelpText('after', '\nWhere the file is there, prints what would change as a diff: exits 0 when nothing would, else 7.')
    .action((options: InitOptions & Output) => print(options, async () => (await import('./init/init.js')).init(options)));
}

function backtestCommand(): Command {
  return asking(new Command('backtest'))
    .description('what hale would have found and proposed, from the history of a Prometheus; reads only')
    .option('--prometheus <url>', 'ask this Prometheus in place of those that the configuration names')
    .option('--config <file>', 'the configuration to try', 'hale.yaml')
    .option('--since <duration>', 'how far back', '30d')
    .option('--until <time>', 'where it ends: 2026-11-24T00:00:00Z (default: now)')
    .option('--step <duration>', 'how far apart the moments are', '15s')
    .addOption(new Option('--suppose <mode>', 'as if every correction had this mode').choices(['observe', 'ask', 'act']))
    .action((options: BacktestOptions & Output) => print(options, async () => (await import('./backtest/backtest.js')).backtest(options)));
}

const formats: readonly (readonly [Format, string])[] = [
  ['openslo', 'SLOs of OpenSLO v1, with the SLIs and alert conditions that they name'],
  ['sloth', 'SLOs of Sloth (prometheus/v1, or PrometheusServiceLevel)'],
  ['backstage', 'owner and dependsOn from catalog-info.yaml'],
];

function importCommand(): Command {
  const command = new Command('import').description('print a configuration made of what other tools know');
  for (const [format, description] of formats)
    command
      .command(format)
      .description(description)
      .argument('<files...>')
      .option('--prometheus <url>', 'the Prometheus that its queries are for')
      .option('--service <name>', 'put everything into this service')
      .option('--json', 'print one JSON object')
      .action((files: string[], options: ImportOptions & Output) =>
        print(options, async () => (await import('./import.js')).importFiles(format, files, options)),
      );
  return command;
}

function reviewCommand(): Command {
  return spoken(new Command('review'))
    .description('what hale would have done, and what people or time did instead; in a terminal one key marks each right or wrong')
    .argument('[incident]')
    .option('--since <duration>', 'how far back', '7d')
    .option('--service <name>', 'only incidents of one service')
    .addOption(new Option('--mark <mark>', 'with an incident: say whether hale was right').choices(['right', 'wrong']))
    .action((id: string | undefined, options: ReviewOptions & Output) =>
      print(options, async () => {
        const { review, reviewIncident } = await import('./review/review.js');
        return id === undefined ? review(options) : reviewIncident(id, options);
      }),
    );
}
