import { connect } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { dataConverterOf } from '../adapters/encryption/data-converter.js';
import { readPayloadKeys } from '../adapters/encryption/keys.js';

/** Thrown by `connectTemporal` when nobody answers there. */
export class TemporalUnreachable extends Error {
  override readonly name = 'TemporalUnreachable';
}

/**
 * Connects within 5 s, or throws `TemporalUnreachable`. TLS, API key and headers come from the standard TEMPORAL_*
 * profile, unless the server is hale's own, which is plain and on loopback. Throws `PayloadKeysRefused` for a file that is none.
 */
export async function connectTemporal(
  at: { readonly address: string; readonly namespace: string },
  own: boolean,
  payloadKeys: string | undefined,
): Promise<Client> {
  const dataConverter = dataConverterOf(payloadKeys === undefined ? undefined : readPayloadKeys(payloadKeys));
  const profile = own ? {} : loadClientConnectConfig().connectionOptions;
  try {
    await knock(at.address);
    const connection = await Connection.connect({ ...profile, address: at.address, connectTimeout: '5s' });
    return new Client({ connection, namespace: at.namespace, dataConverter });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TemporalUnreachable(`Temporal at ${at.address} can't be reached: ${why}`, { cause: error });
  }
}

/** gRPC goes on trying a port where nobody listens until its time is up; a plain connection knows at once. */
function knock(address: string): Promise<void> {
  const [, host, port] = /^\[?([^/\]]+)\]?:(\d+)$/.exec(address) ?? [];
  if (host === undefined) return Promise.resolve(); // A name that only gRPC can resolve.
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port), timeout: 5_000 });
    socket.once('connect', () => (socket.destroy(), resolve()));
    socket.once('timeout', () => socket.destroy(new Error('no answer within 5 s')));
    socket.once('error', reject);
  });
}
