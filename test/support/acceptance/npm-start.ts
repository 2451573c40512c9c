import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { command, lastLines } from './command.js';

/** How long one `npm start` took, all in seconds from the command to the moment named. */
export interface Start {
  readonly firstAnswer: number;
  readonly allOk: number;
  /** Spent on downloads, as setup itself reports it; contained in the others. */
  readonly downloads: number;
}

const patienceMs = 300_000;
const betweenLooksMs = 100;

/** Runs `npm start` until the demo service answers and every service is ok, then ends it as Ctrl-C does. */
export async function timeStart(clone: string): Promise<Start> {
  const start = performance.now();
  const seconds = (): number => (performance.now() - start) / 1000;
  const child = spawn('npm', ['start'], { cwd: clone, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const said = listen(child);
  try {
    const url = await until('the demo service is announced', said, () => /demo service\s+(http\S+)/.exec(said())?.[1]);
    await until('the demo service answers 200', said, async () => ((await answersOk(url)) ? true : undefined));
    const firstAnswer = seconds();
    let status = '';
    const everyServiceOk = async () => (isAllOk((status = await statusOf(clone))) ? true : undefined);
    await until('every service is ok', () => `${said()}\n${status}`, everyServiceOk);
    return { firstAnswer, allOk: seconds(), downloads: downloadSeconds(said()) };
  } finally {
    await end(child);
  }
}

function listen(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (more: string) => (text += more));
  child.once('exit', (code) => (text += `\nnpm start ended with ${code}`));
  return () => text;
}

async function until<T>(what: string, said: () => string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline && !said().includes('npm start ended')) {
    const found = await look();
    if (found !== undefined) return found;
    await wait(betweenLooksMs);
  }
  throw new Error(`waited in vain until ${what}:\n${lastLines(said(), 30)}`);
}

const answersOk = (url: string): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(1_000) }).then(
    (response) => response.status === 200,
    () => false,
  );

const statusShape = z.object({ data: z.object({ services: z.array(z.object({ state: z.string() })) }) });

/** What `hale status --json` prints; a failure's sentence while hale is not up. */
const statusOf = async (clone: string): Promise<string> => (await command('node', ['bin/hale.mjs', 'status', '--json'], clone)).output;

function isAllOk(text: string): boolean {
  if (!text.startsWith('{"schemaVersion":1,"data"')) return false;
  const { services } = statusShape.parse(JSON.parse(text)).data;
  return services.length > 0 && services.every(({ state }) => state === 'ok');
}

/** From setup's own summary: "ready in 4.8 s, and 453 MB downloaded in 15.4 s". */
const downloadSeconds = (said: string): number => Number(/downloaded in ([\d.]+) s/.exec(said)?.[1] ?? 0);

/** Ctrl-C reaches the whole group of the terminal; so does this. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return;
  process.kill(-child.pid, 'SIGINT');
  await once(child, 'exit');
}
