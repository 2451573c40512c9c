import { readdirSync, readFileSync } from 'node:fs';

/** A process as it can be known again: ids are given to others once one has ended. */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  /** When it began, in ticks since the machine did. */
  readonly began: string;
}

/**
 * What a process has started and not let go, down to the last: leaving its process group (`setsid`) does not change whose
 * child one is. A daemon has nobody above it but init. Nothing where there is no /proc.
 */
export function descendantsOf(root: number): Process[] {
  const all = processes();
  const found = all.filter(({ parent }) => parent === root);
  for (const one of found) found.push(...all.filter(({ parent }) => parent === one.pid));
  return found;
}

export function signalIfStillThere({ pid, began }: Process, signal: NodeJS.Signals): void {
  if (read(pid)?.began !== began) return;
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended in between, or is not ours to end.
  }
}

function processes(): Process[] {
  try {
    const names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return names.flatMap((name) => read(Number(name)) ?? []);
  } catch {
    return [];
  }
}

/** The name in the second field may have spaces and brackets of its own, so that what counts comes after the last of them. */
function read(pid: number): Process | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { pid, parent: Number(fields[1]), began: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}
