import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { freshFolder } from './knob.js';

/** A real service over HTTP that is as healthy as its configuration file says: `good` answers 200, all else 503. */
export interface FileDrivenService {
  readonly url: string;
  readonly file: string;
  readonly configure: (text: string) => Promise<void>;
  readonly configuration: () => Promise<string>;
}

export async function fileDrivenService(): Promise<FileDrivenService> {
  const file = join(await freshFolder(), 'service.conf');
  await writeFile(file, 'good');
  return serviceByFile(file);
}

/** The same over a file that is there already. */
export async function serviceByFile(file: string): Promise<FileDrivenService> {
  const server = createServer((_, response) => {
    void readFile(file, 'utf8').then(
      (text) => response.writeHead(text.includes('good') ? 200 : 503).end(text),
      () => response.writeHead(503).end('no file'),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/health`,
    file,
    configure: (text) => writeFile(file, text),
    configuration: () => readFile(file, 'utf8'),
  };
}
