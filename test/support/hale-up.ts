import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { end } from '../../workers/stack/process-identity.js';
import { readRun, type Run } from '../../workers/stack/run-file.js';

const hale = fileURLToPath(new URL('../../bin/hale.mjs', import.meta.url));

/** A configuration that hale can run on; its one service is nowhere. */
export const quietConfiguration = `apiVersion: hale/v1
services:
  nowhere:
    signals:
      up: {exec: ['true'], every: 10s}
`;

/** A state folder of this test's own; whatever still runs under it afterwards is ended, and it is removed. */
export function stateFolder(): string {
  const state = mkdtempSync(join(tmpdir(), 'hale-up-'));
  onTestFinished(async () => {
    const left = readRun(state)?.processes ?? [];
    for (const process of left.toSorted((a) => (a.role === 'main' ? -1 : 1))) await end(process, 'SIGKILL', 5_000);
    rmSync(state, { recursive: true, force: true });
  });
  return state;
}

/** One `hale up` as a process. */
export class HaleUp {
  output = '';
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;

  constructor(
    readonly state: string,
    args: readonly string[] = [],
    configuration = quietConfiguration,
  ) {
    const config = join(state, 'hale.yaml');
    writeFileSync(config, configuration);
    this.child = spawn(process.execPath, [hale, 'up', '--config', config, '--state', state, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.ended = once(this.child, 'exit').then(([code]) => code as number | null);
    onTestFinished(() => void this.child.kill('SIGTERM'));
  }

  /** Resolves once hale has said this; rejects with everything it said when it ends before. */
  async says(sentence: string | RegExp): Promise<void> {
    let code: number | null | undefined;
    void this.ended.then((ended) => (code = ended));
    while (this.output.search(sentence) < 0) {
      if (code !== undefined) throw new Error(`hale ended with ${code} before it said "${sentence}":\n${this.output}`);
      await Promise.race([once(this.child.stdout ?? this.child, 'data'), once(this.child.stderr ?? this.child, 'data'), this.ended]);
    }
  }

  run(): Run {
    const run = readRun(this.state);
    if (run === undefined) throw new Error(`no run.json in ${this.state}, which holds ${readdirSync(this.state).join(', ')}`);
    return run;
  }

  pidOf(role: string): number {
    const found = this.run().processes.find((process) => process.role === role);
    if (found === undefined) throw new Error(`no ${role} in run.json`);
    return found.pid;
  }
}
