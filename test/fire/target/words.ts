/** What the target writes into its ledger, one JSON object a line; the checker reads nothing else of it. */
export interface LedgerLine {
  /** ms since the epoch. */
  readonly at: number;
  readonly event: 'broke' | 'began' | 'done' | 'mended';
  readonly service: string;
  /** `broke`: the verb that will mend it. Else the verb that was asked for. */
  readonly verb: string;
  /** The action id that came with the call; empty for `broke`. */
  readonly key: string;
  readonly fence: string;
}

/** A ledger line as the target tells it to who started it, with the process that called where it is known. */
export interface Told extends LedgerLine {
  readonly callerPid?: number;
  /** The caller's end of the connection. */
  readonly callerPort?: number;
}

export type ToTarget = { readonly break: string; readonly mendedBy: string };
export type FromTarget = { readonly port: number } | { readonly told: Told };

/** Verbs of every service. Each has an undo under its own name, so that the ledger tells the two apart. */
export const verbs = { retune: 'retune', retuneBack: 'retune-back', reload: 'reload', restored: 'restored' } as const;
