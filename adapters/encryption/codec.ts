import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { type Payload, type PayloadCodec, ValueError } from '@temporalio/common';
import { decode, encode } from '@temporalio/common/lib/encoding.js';
import proto from '@temporalio/proto';
import type { PayloadKeys } from './keys.js';

/** Names of Temporal's own encryption examples, which other tools know. */
const sealed = 'binary/encrypted';
const keyIdField = 'encryption-key-id';
const [nonceBytes, tagBytes] = [12, 16];

const { Payload: Wire } = proto.temporal.api.common.v1;

/**
 * Seals every payload with AES-256-GCM before it leaves this process, so that Temporal and its database hold nothing
 * readable: nonce, ciphertext of the whole payload, tag. A payload in clear passes when it comes in, since people start
 * cycles from the Temporal UI; one sealed with a key that is not here is an error and never taken as it stands. While keys are
 * rotated others seal with a newer one: before that error the file is read again.
 */
export function payloadCodec(keys: PayloadKeys): PayloadCodec {
  return {
    encode: async (payloads) => payloads.map((payload) => (isSealed(payload) ? payload : seal(payload, keys))),
    decode: async (payloads) => payloads.map((payload) => (isSealed(payload) ? open(payload, keys) : payload)),
  };
}

export const isSealed = ({ metadata }: Payload): boolean => textOf(metadata?.['encoding']) === sealed;

/** The key that a sealed payload names. */
export const keyIdOf = ({ metadata }: Payload): string => textOf(metadata?.[keyIdField]);

/** Whether something in this history, Temporal's JSON of one, is sealed with the key of this id. */
export const isSealedWith = (id: string, history: unknown): boolean =>
  JSON.stringify(history).includes(`"${keyIdField}":"${Buffer.from(id).toString('base64')}"`);

function seal(payload: Payload, { current: { id, key } }: PayloadKeys): Payload {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(id));
  const ciphertext = Buffer.concat([cipher.update(Wire.encode(payload).finish()), cipher.final()]);
  return {
    metadata: { encoding: encode(sealed), [keyIdField]: encode(id) },
    data: Buffer.concat([nonce, ciphertext, cipher.getAuthTag()]),
  };
}

function open(payload: Payload, { byId, readAgain }: PayloadKeys): Payload {
  const id = keyIdOf(payload);
  const key = byId.get(id) ?? readAgain?.().byId.get(id);
  if (key === undefined)
    throw new ValueError(
      `a payload is sealed with key ${JSON.stringify(id)}, which is not in HALE_PAYLOAD_KEYS; known: ${[...byId.keys()].join(', ')}`,
    );
  const data = Buffer.from(payload.data ?? []);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, data.subarray(0, nonceBytes), { authTagLength: tagBytes });
    decipher.setAAD(Buffer.from(id));
    decipher.setAuthTag(data.subarray(-tagBytes));
    return Wire.decode(Buffer.concat([decipher.update(data.subarray(nonceBytes, -tagBytes)), decipher.final()]));
  } catch (error) {
    throw new ValueError(`a payload sealed with key ${id} can't be opened: it was changed, or this is another key of that name`, error);
  }
}

const textOf = (bytes: Uint8Array | null | undefined): string => decode(bytes ?? new Uint8Array());
