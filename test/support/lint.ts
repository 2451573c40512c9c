import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('../..', import.meta.url));

/** One complaint of the real linter: `rule` as `plugin(name)`. */
export interface Complaint {
  readonly filename: string;
  readonly rule: string;
  readonly message: string;
}

/** Runs the project's linter with the project's own rules on a tree of made-up files (path to source text). */
export async function lint(files: Readonly<Record<string, string>>): Promise<Complaint[]> {
  const tree = await mkdtemp(join(tmpdir(), 'hale-lint-'));
  try {
    for (const part of ['.oxlintrc.json', 'tsconfig.json', 'package.json', 'scripts/import-table.mjs', 'scripts/lint-architecture.mjs'])
      await cp(join(project, part), join(tree, part));
    await symlink(join(project, 'node_modules'), join(tree, 'node_modules'));
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(tree, path)), { recursive: true });
      await writeFile(join(tree, path), text);
    }
    return complaintsOf(await oxlint(tree));
  } finally {
    await rm(tree, { recursive: true });
  }
}

/** The linter's exit code says only that it complained, so its report is read whatever the code. */
function oxlint(tree: string): Promise<string> {
  const args = ['--type-aware', '--format', 'json', '.'];
  return new Promise((resolve, reject) => {
    execFile(
      join(project, 'node_modules/.bin/oxlint'),
      args,
      { cwd: tree, maxBuffer: 1 << 26, timeout: 25_000 },
      (error, stdout, stderr) => {
        if (stdout.trimStart().startsWith('{')) resolve(stdout);
        else reject(error ?? new Error(`oxlint printed no report: ${stdout}${stderr}`));
      },
    );
  });
}

function complaintsOf(report: string): Complaint[] {
  const { diagnostics } = JSON.parse(report) as { diagnostics: { filename: string; code: string; message: string }[] };
  return diagnostics.map(({ filename, code, message }) => ({ filename, rule: code, message }));
}
