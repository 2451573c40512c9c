import {
  BinaryPayloadConverter,
  CompositePayloadConverter,
  JsonPayloadConverter,
  UndefinedPayloadConverter,
  type Payload,
  type PayloadConverterWithEncoding,
} from '@temporalio/common';
import { decode } from '@temporalio/common/lib/encoding.js';

/**
 * The Temporal UI offers `json/protobuf` for inputs and signals; the SDK's own converter then fails the workflow task
 * for ever. Reading it as what it is, an envelope, lets the schema refuse it with a sentence instead.
 */
class JsonProtobufEnvelope implements PayloadConverterWithEncoding {
  readonly encodingType = 'json/protobuf' as PayloadConverterWithEncoding['encodingType'];

  toPayload(): undefined {
    return undefined;
  }

  fromPayload<T>(payload: Payload): T {
    const text = decode(payload.data ?? new Uint8Array());
    return { encoding: 'json/protobuf', text } as T;
  }
}

export const payloadConverter = new CompositePayloadConverter(
  new UndefinedPayloadConverter(),
  new BinaryPayloadConverter(),
  new JsonPayloadConverter(),
  new JsonProtobufEnvelope(),
);
