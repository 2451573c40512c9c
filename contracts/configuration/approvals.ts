import type { ApprovalRules } from '../../domain/approval.js';
import type { Context } from './context.js';
import { approvals } from './correction-file.js';
import { type Node, at, plain } from './tree.js';

/** The stricter of the policy's and the correction's own; the service's team says who the approvers are. */
export function approvalsOf(correction: Node, service: Node, context: Context): ApprovalRules {
  const [floor, own] = [at(context.root, 'policy', 'approvals'), at(correction, 'approvals')].map((node) =>
    approvals.parse(plain(node) ?? {}),
  );
  const team = plain(at(service, 'team'));
  const approvers = typeof team === 'string' ? plain(at(context.root, 'teams', team, 'approvers')) : undefined;
  return {
    people: Math.max(floor?.people ?? 1, own?.people ?? 1),
    unverified: floor?.unverified === 'refuse' || own?.unverified === 'refuse' ? 'refuse' : 'accept',
    ...(Array.isArray(approvers) && { approvers: approvers.map(String) }),
  };
}
