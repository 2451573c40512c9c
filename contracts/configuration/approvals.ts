import type { ApprovalRules } from '../../domain/approval.js';
import type { Context } from './context.js';
import { approvals } from './corrections/file.js';
import { type Node, at, plain } from './tree.js';

const isGroup = (approver: string): boolean => approver.startsWith('group:');

/** The stricter of the policy's and the correction's own; the service's team says who the approvers are. */
export function approvalsOf(correction: Node, service: Node, context: Context): ApprovalRules {
  const [floor, own] = [at(context.root, 'policy', 'approvals'), at(correction, 'approvals')].map((node) =>
    approvals.parse(plain(node) ?? {}),
  );
  const team = plain(at(service, 'team'));
  const approvers = typeof team === 'string' ? plain(at(context.root, 'teams', team, 'approvers')) : undefined;
  const people = Math.max(floor?.people ?? 1, own?.people ?? 1);
  if (Array.isArray(approvers) && approvers.length < people && !approvers.some((one) => isGroup(String(one))))
    context.problems.warn(
      at(context.root, 'teams', String(team), 'approvers')?.place,
      `names ${approvers.length === 1 ? 'one approver' : `${approvers.length} approvers`} where ${people} people must say yes: nothing can ever be approved; allowed: as many names, or a group such as group:sre`,
    );
  return {
    people,
    unverified: floor?.unverified === 'refuse' || own?.unverified === 'refuse' ? 'refuse' : 'accept',
    ...(Array.isArray(approvers) && { approvers: approvers.map(String) }),
  };
}
