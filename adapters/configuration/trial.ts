import { spawn } from 'node:child_process';

/** Loads the module and says how that went; it ends with whoever waits for it. */
const trial = `
process.once('disconnect', () => process.exit());
import(process.argv[1]).then(
  () => process.send({}),
  (error) => process.send({ why: String(error?.message ?? error) }),
);
`;

/**
 * Loads a module in a process of its own, where one that never ends, turns in a circle or ends its process harms nobody, and one that
 * fails may be repaired: what failed in this process would stay failed. Throws a sentence where it did not load within the time.
 */
export async function tryLoading(url: string, limitMs: number): Promise<void> {
  const child = spawn(process.execPath, [...process.execArgv, '--eval', trial, url], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  const answer = new Promise<{ readonly why?: string }>((resolve, reject) => {
    child.once('message', resolve);
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`it ended the process that loaded it (${signal ?? `exit code ${code}`})`)));
  });
  try {
    const { why } = await withinLimit(answer, limitMs);
    if (why !== undefined) throw new Error(why);
  } finally {
    process.off('exit', end);
    end();
  }
}

/** Throws where the work did not end in time. */
export async function withinLimit<T>(work: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`it did not load within ${limitMs / 1_000} s; allowed: a top level that comes to an end`)),
      limitMs,
    );
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
}
