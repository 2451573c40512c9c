import { fileURLToPath } from 'node:url';
import { type DataConverter, defaultPayloadConverter } from '@temporalio/common';
import { isSealed, payloadCodec } from './codec.js';
import { type PayloadKeys, PayloadKeysRefused } from './keys.js';

const contracts = (file: string): string => fileURLToPath(new URL(`../../contracts/${file}.js`, import.meta.url));

/** How everything that hale says to Temporal becomes bytes: in clear without keys, sealed with them. */
export function dataConverterOf(keys: PayloadKeys | undefined): Partial<DataConverter> {
  const payloadConverterPath = contracts('payload-converter');
  if (keys === undefined) return { payloadConverterPath };
  return { payloadConverterPath, failureConverterPath: contracts('failure-converter'), payloadCodecs: [payloadCodec(keys)] };
}

/**
 * Sends a sentence through what is about to be used and looks at the bytes: whoever was given keys must not write in clear,
 * whatever went wrong on the way here. Throws `PayloadKeysRefused`.
 */
export async function assertSeals({ payloadCodecs = [] }: Partial<DataConverter>): Promise<void> {
  const probe = 'nobody else may read this';
  let payloads = [defaultPayloadConverter.toPayload(probe) ?? {}];
  for (const codec of payloadCodecs) payloads = await codec.encode(payloads);
  const [sealed] = payloads;
  if (sealed === undefined || !isSealed(sealed) || Buffer.from(sealed.data ?? []).includes(probe))
    throw new PayloadKeysRefused('payloads are not sealed although there are keys: this is a bug in hale, and nothing was started');
}
