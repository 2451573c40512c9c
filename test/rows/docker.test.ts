// Row 43: dockers that are away, speak other words, or are cut off.
import { createServer } from 'node:http';
import { createServer as createSocket } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { dockerProvider } from '../../adapters/docker/provider.js';
import type { Action } from '../../domain/service.js';
import { freshFolder } from '../support/knob.js';
import { row } from './table.js';

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
