import { thisMachine } from '../../adapters/configuration/surroundings.js';
import { type Checked, checkConfiguration } from '../../contracts/configuration/check.js';
import { editorSchema } from '../../contracts/configuration/editor.js';
import { type Explained, explain } from '../../contracts/configuration/explain.js';
import { type Problem, problemText, unknown } from '../../contracts/configuration/problem.js';
import type { Report } from './report.js';
import { counted, plain } from './text.js';

export interface CheckOptions {
  readonly explain?: string;
  readonly schema?: boolean;
}

/** Checks configuration files, each with all that it includes; or explains one service, or prints the JSON Schema. */
export async function check(files: readonly string[], options: CheckOptions): Promise<Report> {
  if (options.schema) return { data: editorSchema(), text: JSON.stringify(editorSchema(), undefined, 2) };
  const checked = await Promise.all(files.map(async (file) => ({ file, checked: await checkConfiguration(file, thisMachine()) })));
  const refused = checked.filter((one) => one.checked.kind === 'refused');
  if (refused.length > 0 || options.explain === undefined) return summary(checked);
  return explanation(checked, options.explain);
}

type CheckedFile = { readonly file: string; readonly checked: Checked };

function summary(files: readonly CheckedFile[]): Report {
  const errors = inOrder(files.flatMap(({ checked }) => (checked.kind === 'refused' ? checked.errors : [])));
  const warnings = files.flatMap(({ checked }) => checked.warnings);
  const notYetActive = files.flatMap(({ checked }) => (checked.kind === 'valid' ? checked.fleet.notYetActive : []));
  const lines = files.flatMap(({ file, checked }) => (checked.kind === 'valid' ? [sentence(file, checked.fleet.services.length)] : []));
  return {
    data: { valid: errors.length === 0, errors, warnings, notYetActive },
    text: [...errors.map(problemText), ...lines].join('\n'),
    talk: [...warnings.map((warning) => `warning: ${problemText(warning)}`), ...notYetActive.map((path) => `not active yet: ${path}`)],
    ...(errors.length > 0 && { exit: 'usage' }),
  };
}

const sentence = (file: string, services: number): string => `${file} is valid: ${counted(services, 'service')}`;

const inOrder = (problems: readonly Problem[]): readonly Problem[] =>
  problems.toSorted((one, other) => one.file.localeCompare(other.file) || one.line - other.line || one.column - other.column);

function explanation(files: readonly CheckedFile[], service: string): Report {
  const all = new Map(files.flatMap(({ checked }) => (checked.kind === 'valid' ? [...checked.effective] : [])));
  const node = all.get(service);
  if (node === undefined) {
    const message = unknown('service', service, [...all.keys()]);
    return { data: { valid: true, errors: [{ sentence: message }] }, text: '', talk: [message], exit: 'usage' };
  }
  const rows = explain(node);
  return { data: { service, values: rows }, text: columns(rows) };
}

/** Long values take their own room rather than push every origin to the right. */
function columns(rows: readonly Explained[]): string {
  const widest = (texts: readonly string[]) => Math.max(...texts.map((text) => Math.min(text.length, 60)));
  const [paths, values] = [widest(rows.map((row) => row.path)), widest(rows.map((row) => row.value))];
  return rows.map((row) => `${plain(row.path).padEnd(paths)}  ${plain(row.value).padEnd(values)}  ${plain(row.origin)}`).join('\n');
}
