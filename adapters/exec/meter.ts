import type { Asked, Meter } from '../../activities/ports.js';
import { textReading } from '../../domain/detection/trust.js';
import type { Reading } from '../../domain/reading.js';
import { runCommand, type Ended } from './command.js';

/**
 * Runs a program that prints one number, or a Nagios plugin, whose exit code is the value: 0 ok, 1 warning, 2 critical;
 * 3 (unknown) is no data. The program sees PATH and LANG, no input, and its whole process group ends with its time-out.
 */
export function execMeter(): Meter<'exec'> {
  return { read: (asked, abort) => Promise.all(asked.map((one) => readOne(one.signal, abort))) };
}

async function readOne({ argv, plugin, timeoutMs }: Asked<'exec'>['signal'], abort: AbortSignal): Promise<Reading> {
  const at = Date.now();
  const env = { PATH: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin', LANG: process.env.LANG ?? 'C.UTF-8' };
  const end = await runCommand({ argv, env, timeoutMs, abort });
  if (end.kind === 'exited') return plugin ? pluginReading(end, at) : printedReading(end, at);
  const reason = end.kind === 'killed' && !abort.aborted ? 'timeout' : 'sourceUnavailable';
  return { kind: 'noData', at, reason, detail: end.why };
}

type Exited = Extract<Ended, { kind: 'exited' }>;

function pluginReading({ code, stdout }: Exited, at: number): Reading {
  if (code <= 2) return { kind: 'value', at, value: code };
  return { kind: 'noData', at, reason: 'absent', detail: `exit code ${code} (unknown): ${stdout.split('\n')[0] ?? ''}` };
}

function printedReading({ code, output, stdout }: Exited, at: number): Reading {
  if (code === 0) return textReading(stdout.trim(), at);
  return { kind: 'noData', at, reason: 'absent', detail: `exit code ${code}: ${output.slice(-200)}` };
}
