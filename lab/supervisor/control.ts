/** How the supervisor is spoken to: by `ctl.js` from a configuration, and by the lab itself. */
export const verbs = ['start', 'stop', 'restart', 'replace', 'status', 'did', 'revive-on', 'revive-off'] as const;

export interface Command {
  readonly verb: (typeof verbs)[number];
  readonly unit: string;
  readonly actionId?: string;
  readonly fence?: string;
}

export interface Reply {
  /** `repeated`: the action id was done before, nothing was done now. `refused`: a larger fencing token was seen. */
  readonly answer: 'done' | 'notDone' | 'repeated' | 'refused' | 'unknown';
  readonly pid?: number | undefined;
  readonly why?: string;
}

/** Sends one command. Throws when the supervisor can't be reached. */
export async function tell(port: number, command: Command): Promise<Reply> {
  const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: JSON.stringify(command) });
  return (await response.json()) as Reply;
}
