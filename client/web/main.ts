// The web process: what talks to hale over HTTP. Started by `hale up` as a part of its tree, without Temporal.
import { parseArgs } from 'node:util';
import { payloadCodec } from '../../adapters/encryption/codec.js';
import { readPayloadKeys } from '../../adapters/encryption/keys.js';
import { openIntake } from '../../adapters/postgres/intake.js';
import { answerParent } from '../../workers/guard.js';
import { codecRoutes } from './codec.js';
import { webServer } from './server.js';

async function run(argv: readonly string[]): Promise<void> {
  const { port } = parseArgs({ args: [...argv], options: { port: { type: 'string' } } }).values;
  const url = process.env['HALE_DATABASE_URL'];
  if (!url) throw new Error('HALE_DATABASE_URL: got nothing, allowed: a PostgreSQL URL; for example postgres://hale@127.0.0.1:5432/hale');
  const intake = openIntake(url);
  const server = webServer(intake);
  const { HALE_PAYLOAD_KEYS: keys, HALE_CODEC_ORIGIN: origin } = process.env;
  if (keys && origin) codecRoutes(server, payloadCodec(readPayloadKeys(keys)), origin);
  const end = async (): Promise<void> => {
    await server.close();
    await intake.close();
    process.exit(0);
  };
  const parent = answerParent(() => process.kill(process.pid, 'SIGTERM'));
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => void end());
  // Nobody signs in yet, so that nothing but this machine may reach it.
  const address = await server.listen({ host: '127.0.0.1', port: Number(port ?? 0) });
  console.error(`web: ${address}`);
  parent.ready();
}

await run(process.argv.slice(2));
