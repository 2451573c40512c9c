import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Ends a process that a killed lab left behind. `pidFile` holds its number on the first line; it is ended only when its command
 * line still contains `mark`, since the number may belong to somebody else by now. Does nothing where there is no /proc.
 */
export async function endOrphan(pidFile: string, mark: string, signal: NodeJS.Signals): Promise<void> {
  if (!existsSync(pidFile)) return;
  const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
  if (!commandLine(pid).includes(mark)) return;
  process.kill(pid, signal);
  while (commandLine(pid).includes(mark)) await sleep(20);
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
