import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';

/** Thrown by `connectTemporal` when nobody answers there. */
export class TemporalUnreachable extends Error {
  override readonly name = 'TemporalUnreachable';
}

const payloadConverterPath = fileURLToPath(new URL('../contracts/payload-converter.js', import.meta.url));

/**
 * Connects within 5 s, or throws `TemporalUnreachable`. TLS, API key and headers come from the standard TEMPORAL_*
 * profile, unless the server is hale's own, which is plain and on loopback.
 */
export async function connectTemporal(at: { readonly address: string; readonly namespace: string }, own: boolean): Promise<Client> {
  const profile = own ? {} : loadClientConnectConfig().connectionOptions;
  try {
    const connection = await Connection.connect({ ...profile, address: at.address, connectTimeout: '5s' });
    return new Client({ connection, namespace: at.namespace, dataConverter: { payloadConverterPath } });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TemporalUnreachable(`Temporal at ${at.address} can't be reached: ${why}`, { cause: error });
  }
}
