import type { ApprovalRules } from '../../domain/approval.js';

/** Everybody may decide, alone and under any name: what counts where nothing else is configured. */
export const anybody: ApprovalRules = { people: 1, unverified: 'accept' };
