import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { ProcessIdentity } from './process-identity.js';

const runSchema = z.object({
  processes: z.array(z.object({ role: z.string(), pid: z.number(), startTime: z.string(), executable: z.string() })),
  temporal: z.object({ address: z.string(), namespace: z.string(), ui: z.string().nullable() }).nullable(),
  database: z.object({ url: z.string() }).nullable(),
  web: z.object({ url: z.string().nullable() }),
  config: z.string().nullable(),
  payloadKeys: z.string().nullable().default(null),
});

/** What runs under a state folder: other commands find hale by it, and the next start finds what a killed one left. */
export type Run = z.infer<typeof runSchema>;

const nothing: Run = { processes: [], temporal: null, database: null, web: { url: null }, config: null, payloadKeys: null };

/**
 * state/run.json, written at once and whole on every change: a child that is not in it when its parent is killed could
 * not be found again. Readable by its owner only, because the database's URL holds a password.
 */
export class RunFile {
  private current: Run;

  constructor(private readonly folder: string) {
    this.current = readRun(folder) ?? nothing;
  }

  get run(): Run {
    return this.current;
  }

  update(change: Partial<Omit<Run, 'processes'>>): void {
    this.write({ ...this.current, ...change });
  }

  /** Whoever had this role before is replaced. */
  setProcess(role: string, identity: ProcessIdentity): void {
    this.write({ ...this.current, processes: [...this.without(role), { role, ...identity }] });
  }

  removeProcess(role: string): void {
    this.write({ ...this.current, processes: this.without(role) });
  }

  processOf(role: string): ProcessIdentity | undefined {
    return this.current.processes.find((process) => process.role === role);
  }

  /** After an orderly end nothing runs. */
  remove(): void {
    rmSync(join(this.folder, 'run.json'), { force: true });
  }

  private without(role: string): Run['processes'] {
    return this.current.processes.filter((process) => process.role !== role);
  }

  private write(run: Run): void {
    this.current = run;
    writePrivately(join(this.folder, 'run.json'), `${JSON.stringify(run, undefined, 2)}\n`);
  }
}

/** undefined when nothing was started here, or the file is damaged: then there is nothing to adopt. */
export function readRun(folder: string): Run | undefined {
  try {
    return runSchema.parse(JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')));
  } catch {
    return undefined;
  }
}

/** Replaces the file as one step, mode 0600. */
export function writePrivately(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** The state folder with its subfolders; others may pass through it, as root's PostgreSQL has to, but not list it. */
export function makeStateFolder(folder: string): void {
  mkdirSync(join(folder, 'logs'), { recursive: true });
  mkdirSync(join(folder, 'temporal'), { recursive: true });
  chmodSync(folder, 0o711);
}
