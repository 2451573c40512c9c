import { spawn } from 'node:child_process';

/** A step that could not be done; the message names the cause and the way out. */
export class SetupFailure extends Error {}

const startedAt = Date.now();
const downloads = { ms: 0, bytes: 0, steps: 0 };

/** Runs one step; one that takes longer than a second says that it runs, one that downloads says how much. */
export async function step(title, work) {
  const from = Date.now();
  const announce = setTimeout(() => console.error(`${title} ...`), 1_000);
  try {
    return await work();
  } finally {
    clearTimeout(announce);
    const ms = Date.now() - from;
    if (ms > 1_000) console.error(`${title}: ${seconds(ms)}`);
  }
}

/** As `step`, for work that downloads: its time is not counted as hale's own. `work` returns the bytes that arrived. */
export async function download(title, work) {
  const from = Date.now();
  console.error(`${title} ...`);
  const bytes = await work();
  const ms = Date.now() - from;
  downloads.ms += ms;
  downloads.bytes += bytes;
  downloads.steps += 1;
  console.error(`${title}: ${megabytes(bytes)} in ${seconds(ms)}`);
}

export function summary() {
  const all = Date.now() - startedAt;
  if (all < 1_000) return;
  const apart = downloads.steps > 0 ? `, and ${megabytes(downloads.bytes)} downloaded in ${seconds(downloads.ms)}` : '';
  console.error(`ready in ${seconds(all - downloads.ms)}${apart}`);
}

/** Runs a program to its end. Returns its exit code and everything it printed; code 127 when it can't be started. */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => resolve({ code: 127, output: error.message }));
    child.on('close', (code, signal) => resolve({ code: code ?? signal, output }));
  });
}

/** The last lines of a program's output, for an error sentence. */
export const tail = (output, lines = 8) => output.trim().split('\n').slice(-lines).join('\n  ');

const seconds = (ms) => `${(ms / 1_000).toFixed(1)} s`;
const megabytes = (bytes) => `${Math.round(bytes / 1e6)} MB`;
