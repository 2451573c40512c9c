import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** How hale is started: with its own Temporal and PostgreSQL, or with these. */
export interface HaleOptions {
  readonly config: string;
  readonly state: string;
  readonly log: string;
  readonly temporal?: string;
  readonly database?: string;
  readonly workers?: number;
}

/** The parts of `hale status --json` and `hale incidents --json` that the judge reads. */
export interface Status {
  readonly processes: readonly { readonly role: string; readonly pid: number }[];
  readonly services: readonly { readonly name: string; readonly state: string }[];
}

export interface Attempt {
  readonly actionId: string;
  readonly correction: string;
  readonly verdict: string | null;
  readonly undone: boolean;
}

export interface Incident {
  readonly id: string;
  readonly service: string;
  readonly outcome: string | null;
  readonly startedAt: string | number;
  readonly endedAt: string | number | null;
  readonly attempts: readonly Attempt[];
}

/** hale as a process, seen only through its command line. */
export interface Hale {
  status(): Promise<Status>;
  incidents(): Promise<Incident[]>;
  end(): Promise<void>;
}

const bin = fileURLToPath(new URL('../../../bin/hale.mjs', import.meta.url));
const run = promisify(execFile);

export function startHale(options: HaleOptions): Hale {
  const output = openSync(options.log, 'a');
  const child = spawn(process.execPath, [bin, 'up', '--config', options.config, ...places(options), ...sizes(options)], {
    stdio: ['ignore', output, output],
  });
  const ask = async (command: string): Promise<unknown> => {
    if (child.exitCode !== null) throw new Error(`hale ended with exit code ${child.exitCode}; its output is in ${options.log}`);
    const { stdout } = await run(process.execPath, [bin, command, '--json', '--state', options.state]);
    return (JSON.parse(stdout) as { data: unknown }).data;
  };
  return {
    status: async () => (await ask('status')) as Status,
    incidents: async () => (await ask('incidents')) as Incident[],
    end: () => endHale(child),
  };
}

const places = ({ state, temporal, database }: HaleOptions): string[] => [
  '--state',
  state,
  ...(temporal === undefined ? [] : ['--temporal', temporal]),
  ...(database === undefined ? [] : ['--database', database]),
];

const sizes = ({ workers }: HaleOptions): string[] => (workers === undefined ? [] : ['--workers', String(workers)]);

const patienceMs = 30_000;

async function endHale(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const patience = setTimeout(() => child.kill('SIGKILL'), patienceMs);
  await gone;
  clearTimeout(patience);
}
