import { spawn } from 'node:child_process';
import { endedBy, type Patience } from './patience.js';

/** How a git command ended by itself. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A git command that answered with a failure; the message is what it said. */
export class GitFailed extends Error {
  override readonly name = 'GitFailed';
}

const outputBytesMax = 4 * 1024 * 1024;
/** Between the polite end of a process group, in which git takes its locks away, and the sure one. */
const graceMs = 500;

/** What a mirror calls the repository that it is of. */
export const REMOTE = 'source';

/** Without prompts, hooks, signatures of whoever runs hale, or transports that run programs. Paths are names, never patterns. */
export function gitEnvironment(mirror: string, repository: string): NodeJS.ProcessEnv {
  const settings = {
    [`remote.${REMOTE}.url`]: repository,
    'core.hooksPath': '/dev/null',
    'core.fsmonitor': 'false',
    'push.gpgSign': 'false',
    'gc.autoDetach': 'false',
  };
  const all = Object.entries(settings);
  return {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    SSH_AUTH_SOCK: process.env.SSH_AUTH_SOCK,
    LANG: 'C',
    GIT_DIR: mirror,
    GIT_TERMINAL_PROMPT: '0',
    GIT_LITERAL_PATHSPECS: '1',
    GIT_ALLOW_PROTOCOL: 'file:http:https:ssh',
    GIT_SSH_COMMAND: 'ssh -o BatchMode=yes',
    GIT_CONFIG_COUNT: String(all.length),
    ...Object.fromEntries(
      all.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  };
}

/** Runs git in a process group of its own, which ends with the patience of whoever asked. Throws when it was ended so. */
export function runGit(env: NodeJS.ProcessEnv, words: readonly string[], patience: Patience, input = ''): Promise<Ended> {
  return new Promise((resolve, reject) => {
    if (patience.signal.aborted) return reject(endedBy(patience, `git ${words[0]}`));
    const child = spawn('git', [...words], { cwd: '/', env, shell: false, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
    let isEnding = false;
    const end = () => {
      if (isEnding) return;
      isEnding = true;
      endGroup(child.pid);
      // One that can't be ended is not waited for.
      setTimeout(() => reject(endedBy(patience, `git ${words[0]}`)), 2 * graceMs);
    };
    const out = collected(child.stdout, end);
    const err = collected(child.stderr, end);
    patience.signal.addEventListener('abort', end, { once: true });
    child.once('error', (error) => reject(new Error(`git can't be run: ${error.message}`)));
    child.once('close', (code) => {
      patience.signal.removeEventListener('abort', end);
      if (patience.signal.aborted) return reject(endedBy(patience, `git ${words[0]}`));
      if (code === null) return reject(new Error(`git ${words[0]} was ended by somebody else, or said too much`));
      resolve({ code, stdout: out(), stderr: err() });
    });
    // What git no longer reads is no failure of its own.
    child.stdin.on('error', () => undefined).end(input);
  });
}

function collected(stream: NodeJS.ReadableStream, tooMuch: () => void): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > outputBytesMax) tooMuch();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

/** git leaves helpers behind that speak to the other side: the whole group ends, politely first. */
function endGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  signalGroup(leader, 'SIGTERM');
  setTimeout(() => signalGroup(leader, 'SIGKILL'), graceMs);
}

function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch {
    // The group is gone, which is what was wanted.
  }
}
