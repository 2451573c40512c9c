import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { envelope, failure } from '../../contracts/cli.js';

const launcher = fileURLToPath(new URL('../../bin/hale.mjs', import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built `hale` as people do, off a terminal, with nothing of this shell's hale or Temporal in its environment. */
export function hale(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const child = spawn(process.execPath, [launcher, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
  });
  const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    return () => Buffer.concat(chunks).toString('utf8');
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout: stdout?.() ?? '', stderr: stderr?.() ?? '' }));
  });
}

/** What a command printed under --json, checked against its published schema. */
export function dataOf<T extends z.ZodType>(schema: T, { stdout, stderr }: Ran): z.infer<T> {
  const printed: unknown = JSON.parse(stdout === '' ? `{"stderr":${JSON.stringify(stderr)}}` : stdout);
  return schema.parse(envelope(z.unknown()).parse(printed).data);
}

export const failureOf = ({ stdout }: Ran): z.infer<typeof failure>['error'] => failure.parse(JSON.parse(stdout)).error;
