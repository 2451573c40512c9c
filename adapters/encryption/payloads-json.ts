import { type Payload, ValueError } from '@temporalio/common';
import proto from '@temporalio/proto';

const { Payloads } = proto.temporal.api.common.v1;

/** Payloads as the remote codec protocol writes them: `{payloads: [{metadata, data}]}`, bytes in base64. Throws `ValueError`. */
export function payloadsFromJson(json: unknown): Payload[] {
  if (typeof json !== 'object' || json === null || !('payloads' in json) || !Array.isArray(json.payloads))
    throw new ValueError('there are no payloads in it');
  return Payloads.fromObject({ payloads: json.payloads.map((one: unknown) => (typeof one === 'object' && one !== null ? { ...one } : {})) })
    .payloads;
}

export const payloadsToJson = (payloads: readonly Payload[]): unknown =>
  Payloads.toObject(Payloads.create({ payloads: [...payloads] }), { bytes: String });
