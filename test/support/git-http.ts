import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Git's own server for HTTP, `git http-backend`, for the repositories of a folder. Whoever reaches it may push. */
export async function gitOverHttp(folder: string): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const server = createServer((request, response) => serve(folder, request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function serve(folder: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
  const backend = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      REMOTE_USER: 'hale',
      REQUEST_METHOD: request.method,
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      CONTENT_TYPE: request.headers['content-type'],
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'],
      HTTP_GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    },
  });
  // Who hangs up while it is answered leaves it to its end.
  request.pipe(backend.stdin.on('error', () => undefined));
  let head = '';
  backend.stdout.setEncoding('latin1').on('data', (chunk: string) => {
    if (response.headersSent) return void response.write(chunk, 'latin1');
    head += chunk;
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    const headers = head
      .slice(0, end)
      .split('\r\n')
      .map((line) => line.split(': ') as [string, string]);
    const status = headers.find(([name]) => name === 'Status')?.[1] ?? '200';
    response.writeHead(Number.parseInt(status, 10), Object.fromEntries(headers));
    response.write(head.slice(end + 4), 'latin1');
  });
  backend.stdout.on('end', () => response.end());
}
