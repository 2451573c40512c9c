/** Who may say yes or no to a correction that asks. */
export interface ApprovalRules {
  /** How many different people must say yes; with more than one, whoever started the cycle does not count. */
  readonly people: number;
  /** What a name counts that nobody vouches for, such as one typed into the Temporal UI. */
  readonly unverified: 'accept' | 'refuse';
  /** Names, or `group:` and a name, of those who may decide; absent: everybody may. */
  readonly approvers?: readonly string[];
}

/** Who decides, and whether somebody vouches for the name: the CLI and the page sign, the Temporal UI does not. */
export interface Decider {
  readonly name: string;
  readonly groups: readonly string[];
  readonly verified: boolean;
}

/** What was asked so far: who started the cycle, and who has said yes. */
export interface Asked {
  readonly startedBy: string;
  readonly yes: readonly string[];
}

/** Why this person may not decide so, as a sentence; undefined when they may. */
export function objectionTo(decider: Decider, decision: 'approve' | 'reject', rules: ApprovalRules, asked: Asked): string | undefined {
  const { name, verified } = decider;
  const needsVerified = rules.unverified === 'refuse' || rules.people > 1;
  if (needsVerified && !verified) return `nobody vouches for the name ${name}: use \`hale ${decision}\`, which signs the decision`;
  if (!isApprover(decider, rules)) return `${name} is not among those who may decide: ${rules.approvers?.join(', ')}`;
  if (decision === 'reject' || rules.people === 1) return undefined;
  if (isSame(name, asked.startedBy)) return `${name} started this cycle: ${rules.people} other people must say yes`;
  return asked.yes.some((one) => isSame(name, one)) ? `${name} has said yes already: somebody else must, too` : undefined;
}

/** A group counts only where somebody vouches for it; nobody is a group by calling themselves one. */
function isApprover({ name, groups, verified }: Decider, { approvers }: ApprovalRules): boolean {
  if (approvers === undefined) return true;
  const names = approvers.filter((one) => !one.startsWith(GROUP));
  return names.some((one) => isSame(name, one)) || (verified && groups.some((group) => approvers.includes(`${GROUP}${group}`)));
}

const GROUP = 'group:';

/** Four eyes are not two people because one of them writes their name in capitals. */
const isSame = (one: string, other: string): boolean => keyOf(one) === keyOf(other);

const keyOf = (name: string): string => name.normalize('NFKC').trim().toLowerCase();

/** Why this person may not lift a stop that needs four eyes; undefined when they may. */
export function objectionToLifting(name: string, stoppedBy: string): string | undefined {
  if (!isSame(name, stoppedBy)) return undefined;
  return `${name} stopped automation: somebody else must lift the stop (policy: {resume: {fourEyes: true}})`;
}

/** Why one more yes does not suffice yet; undefined when it does. */
export function stillMissing(rules: ApprovalRules, yes: readonly string[]): string | undefined {
  const missing = rules.people - yes.length;
  return missing > 0 ? `${missing} more ${missing === 1 ? 'person' : 'people'} must say yes` : undefined;
}
