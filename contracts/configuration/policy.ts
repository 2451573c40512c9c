import type { Policy } from '../../domain/service.js';
import type { Context } from './context.js';
import { includedFile } from './file.js';
import { plain } from './tree.js';

const policyFile = includedFile.pick({ policy: true }).strip();

/** What the file says for the whole fleet; undefined where it says nothing of the kind. */
export function resolvePolicy({ root }: Context): Policy | undefined {
  const { policy = {} } = policyFile.parse(plain(root));
  const resolved: Policy = {
    ...(policy.storm && { storm: { share: policy.storm.services, withinMs: policy.storm.within } }),
  };
  return Object.keys(resolved).length === 0 ? undefined : resolved;
}
