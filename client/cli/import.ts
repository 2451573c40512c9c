import { thisMachine } from '../../adapters/configuration/surroundings.js';
import { checkConfiguration } from '../../contracts/configuration/check.js';
import { draftText, type Draft } from '../../contracts/configuration/draft.js';
import { draftsOf, readEntity } from '../../contracts/configuration/import/backstage.js';
import { Services } from '../../contracts/configuration/import/objective.js';
import { importOpenSlo } from '../../contracts/configuration/import/openslo.js';
import { importSloth } from '../../contracts/configuration/import/sloth.js';
import { Problems, problemText } from '../../contracts/configuration/problem.js';
import type { Node } from '../../contracts/configuration/tree.js';
import { readYamlDocuments } from '../../contracts/configuration/yaml.js';
import { Failure } from './exit-codes.js';
import type { Report } from './report.js';

export type Format = 'openslo' | 'sloth' | 'backstage';

export interface ImportOptions {
  readonly prometheus?: string;
  readonly service?: string;
}

/** import: prints a configuration made of what other tools know. What it can't take over is named with its line. */
export async function importFiles(format: Format, files: readonly string[], options: ImportOptions): Promise<Report> {
  const problems = new Problems();
  const documents = (await Promise.all(files.map((file) => documentsOf(file, problems)))).flat();
  if (problems.errors.length > 0) throw new Failure('usage', problems.errors.map(problemText));
  const draft = draftOf(format, documents, options, problems);
  const leftOut = problems.warnings.map(problemText);
  if (draft.services.length === 0)
    throw new Failure('usage', ['nothing could be taken over', ...leftOut], 'hale import --help names what is known');
  const text = draftText({ ...draft, head: [`From ${format}: ${files.join(', ')}.`, ...draft.head] });
  await refuseInvalid(text);
  return { data: { configuration: text, leftOut }, text: text.trimEnd(), talk: leftOut };
}

async function documentsOf(file: string, problems: Problems): Promise<Node[]> {
  try {
    return readYamlDocuments(file, await thisMachine().read(file), problems);
  } catch (error) {
    throw new Failure('usage', `${file} can't be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function draftOf(format: Format, documents: readonly Node[], { prometheus, service }: ImportOptions, problems: Problems): Draft {
  if (format === 'backstage') {
    const entities = documents.flatMap((node) => readEntity(node, problems) ?? []);
    const services = draftsOf(entities, problems);
    const teams = [...new Set(entities.flatMap(({ team }) => team ?? []))].sort();
    return { head: ['Signals and objectives are still to be added.'], teams, services };
  }
  const source = { prometheus: urlOf(prometheus) };
  const services = new Services();
  if (format === 'openslo') importOpenSlo(documents, services, 'prometheus', service, problems);
  else for (const node of documents) importSloth(node, services, 'prometheus', service, problems);
  return { head: ['Without corrections: hale only observes.'], sources: { prometheus: source }, services: services.drafts() };
}

function urlOf(prometheus: string | undefined): string {
  if (prometheus !== undefined) return prometheus;
  throw new Failure('usage', 'the files do not say where Prometheus is', 'for example --prometheus http://127.0.0.1:9090');
}

/** What was taken over must be a configuration as it stands. */
export async function refuseInvalid(text: string): Promise<void> {
  const surroundings = { ...thisMachine(), read: () => Promise.resolve(text) };
  const checked = await checkConfiguration('printed.yaml', surroundings);
  if (checked.kind === 'valid') return;
  throw new Failure('usage', ['what was found makes no valid configuration:', ...checked.errors.map(problemText)]);
}
