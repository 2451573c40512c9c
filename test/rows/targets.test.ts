// Rows 43 to 45: targets that are away, lie, hang or misbehave, through the providers that act on them.
import { chmod, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createSocket } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Call } from '../../activities/ports.js';
import { dockerProvider } from '../../adapters/docker/provider.js';
import { runCommand } from '../../adapters/exec/command.js';
import { execProvider } from '../../adapters/exec/provider.js';
import { httpProvider } from '../../adapters/http/provider.js';
import type { Action } from '../../domain/service.js';
import { freshFolder } from '../support/knob.js';
import { serve } from '../support/listen.js';
import { row, type Guard } from './table.js';

const call = <A extends Action>(action: A, timeoutMs: number): Call<A> => ({
  service: 'shop',
  action,
  timeoutMs,
  actionId: 'cycle-1/1',
  fence: '1',
  before: { identity: 'before', summary: 'as it was', content: {} },
  abort: new AbortController().signal,
  permit: async () => undefined,
});

/** The error's class and sentence, or what the target is said to be then. */
const endOf = (work: Promise<{ readonly summary: string }>): Promise<string> =>
  work.then(
    ({ summary }) => `done: ${summary}`,
    (error: Error) => `${error.constructor.name}: ${error.message}`,
  );

type Docker = 'no socket' | 'no permission' | 'too new' | 'too old' | 'cut';

/** A docker like this, of which a container is to be started anew; whether that applies, or why not. */
const dockered = async (): Promise<(docker: Docker) => Promise<string>> => {
  const folder = await freshFolder();
  return async (docker) => {
    const socket = join(folder, `${docker.replace(' ', '-')}.sock`);
    if (docker !== 'no socket') await engine(docker, socket);
    const source = { name: 'here', url: `unix://${socket}` };
    const action = { kind: 'docker', operation: 'restart', source, pick: { container: 'shop' }, graceMs: 1_000 } as unknown as Extract<
      Action,
      { kind: 'docker' }
    >;
    const target = { service: 'shop', action, timeoutMs: 2_000 };
    const provider = dockerProvider();
    const seen = await provider.examine(target, await provider.image(target), undefined);
    return seen.applicable ? seen.evidence : seen.reason;
  };
};

/** Something that listens where docker would. */
async function engine(docker: Docker, socket: string): Promise<void> {
  const versions = { 'too new': ['9.99', '9.90'], 'too old': ['1.12', '1.10'] }[docker as string] ?? ['1.41', '1.12'];
  const server =
    docker === 'cut'
      ? createSocket((line) => line.once('data', () => line.end('HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{"Api')))
      : createServer((_, response) => {
          if (docker === 'no permission') response.writeHead(403).end('{"message":"not for you"}');
          else
            response
              .setHeader('content-type', 'application/json')
              .end(JSON.stringify({ ApiVersion: versions[0], MinAPIVersion: versions[1] }));
        });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  onTestFinished(() => void server.close());
}

const docker = 'adapters/docker/failure.ts';

row<Docker>(43, 'socket', 'a docker that is not there, says no, speaks other words or is cut off is told by its name', dockered, [
  ['no socket', /^docker is unavailable: there is no socket /, [docker, 'docker is unavailable: there is no socket ${place}']],
  ['no permission', /^no permission: /, [docker, 'no permission: what stands before docker does not allow this']],
  ['too new', /^the API of this docker is too new: /, ['adapters/docker/engine.ts', 'the API of this docker is too']],
  ['too old', /^the API of this docker is too old: /, ['adapters/docker/engine.ts', 'the API of this docker is too']],
  ['cut', /^docker did not answer within 2000 ms/, ['adapters/docker/engine.ts', 'docker did not answer within ${timeoutMs} ms']],
]);

/** A command of the configuration as a correction; how it ended. */
const executed = async (): Promise<(script: string) => Promise<string>> => {
  const provider = execProvider();
  return (script) => endOf(provider.apply(call({ kind: 'exec', argv: ['/bin/sh', '-c', script] }, 700)));
};

/** How much of its output is kept, and what is left of what it started. */
const run = async (): Promise<(script: string) => Promise<string>> => {
  const folder = await freshFolder();
  await chmod(folder, 0o777);
  return async (script) => {
    const argv = ['/bin/sh', '-c', script.replaceAll('FOLDER', folder)];
    const end = await runCommand({ argv, env: { PATH: '/usr/bin:/bin' }, timeoutMs: 700, abort: new AbortController().signal });
    const pid = await readFile(join(folder, 'child'), 'utf8').catch(() => '');
    const told = end.kind === 'notStarted' ? end.why : `${end.output.length} characters`;
    return `${end.kind} ${'why' in end ? end.why : end.code}, ${told}, child ${pid === '' ? 'none' : (await gone(Number(pid))) ? 'gone' : 'alive'}`;
  };
};

/** Waits a moment for its end: a group is ended politely first. */
async function gone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 100; tries += 1) {
    const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'Z');
    if (state.includes(') Z ') || state === 'Z') return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

const exec = 'adapters/exec/provider.ts';
const command = 'adapters/exec/command.ts';

row(44, 'program', 'the exit code says what became of a command, whatever it prints', executed, [
  ['echo error: it broke; exit 0', /^done: /, [exec, 'if (end.code !== 0) throw new ActionFailed']],
  ['exit 137', /^ActionFailed: .*exited with 137/, [exec, 'if (end.code !== 0) throw new ActionFailed']],
  ['kill -9 $$', /^Error: .*was ended by SIGKILL/, [exec, "if (end.kind === 'killed') throw"]],
  ['sleep 60', /^Error: .*did not end within 700 ms/, [command, 'const limit = setTimeout(() => kill(']],
]);
row(44, 'program', 'a command ends with all that it started, its output is cut and its input closed', run, [
  [
    'sleep 60 & echo $! > FOLDER/child; wait',
    /^killed it did not end within 700 ms, .*, child gone$/,
    [command, 'process.kill(-leader, signal)'],
  ],
  [
    'rm -f FOLDER/child; head -c 1000000000 /dev/zero | tr "\\0" x',
    /^(exited 0|killed .*), 65536 characters, child none$/,
    [command, 'if (room > 0) kept.push'],
  ],
  [
    'read line && echo read it; test -t 0 && echo a terminal; exit 3',
    /^exited 3, 0 characters/,
    [command, "stdio: ['ignore', 'pipe', 'pipe']"],
  ],
]);

type Answer = 'late' | 'nothing to say' | 'in the background' | 'elsewhere' | 'reset';

/** A target that answers so, with what it saw of the request. */
const requested = async (): Promise<(answer: Answer) => Promise<string>> => {
  let how: Answer = 'late';
  const seen: string[] = [];
  const url = await serve((request, response) => {
    request.resume();
    seen.push(String(request.headers['idempotency-key']));
    if (how === 'nothing to say') response.writeHead(204).end();
    if (how === 'in the background') response.writeHead(500).end('still at it');
    if (how === 'elsewhere') response.writeHead(302, { location: '/elsewhere' }).end();
    if (how === 'reset') response.write('HTTP', () => response.destroy());
  });
  return async (answer) => {
    how = answer;
    seen.length = 0;
    const action = { kind: 'http' as const, request: { method: 'POST' as const, url: `${url}/reload`, headers: {} } };
    return `${await endOf(httpProvider().apply(call(action, 500)))}; asked ${seen.length} times as ${seen.join()}`;
  };
};

const http = 'adapters/http/provider.ts';
const unclear: Guard = [http, "if (answer.kind === 'unclear') throw new Error("];

row<Answer>(
  45,
  'HTTP',
  'a request is sent once under its key, and what its answer leaves open is not said to be done or refused',
  requested,
  [
    ['late', /^Error: .*did not answer within 500 ms; asked 1 times as cycle-1\/1$/, unclear],
    ['nothing to say', /^done: .*; asked 1 times as cycle-1\/1$/, [http, 'if (answer.status >= 200 && answer.status < 300) return']],
    [
      'in the background',
      /^Error: .*answered 500: still at it; asked 1 times/,
      [http, 'if (isRefusal(answer.status)) throw new TargetRefused(sentence)'],
    ],
    ['elsewhere', /^Error: .*answered 302: ; asked 1 times/, [http, 'if (isRefusal(answer.status)) throw new TargetRefused(sentence)']],
    ['reset', /^(done|Error): .*; asked 1 times/, [http, 'if (answer.status >= 200 && answer.status < 300) return']],
  ],
);
