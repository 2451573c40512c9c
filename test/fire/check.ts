import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { repeatableVerbs } from './services.js';
import type { LedgerLine } from './target/words.js';

const list = z.array(z.string());
const found = z.object({
  acts: z.number(),
  /** How long each break lasted, shortest first. */
  mended: z.array(z.object({ service: z.string(), seconds: z.number() })),
  doubled: list,
  lost: list,
  outranked: list,
  untrue: list,
  leftInForce: list,
  stranded: list,
  stuck: list,
});

/** What the checker found; every list of faults is empty when all is well. */
export type Found = z.infer<typeof found>;

/** Runs the checker, which shares no code with this project, on two files. Throws when it can't read them. */
export function check(ledgerFile: string, incidentsFile: string): Found {
  const script = join(process.cwd(), 'test', 'fire', 'check-ledger.py');
  const { stdout, stderr, error } = spawnSync('python3', [script, ledgerFile, incidentsFile, repeatableVerbs.join(',')], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error) throw new Error(`python3 could not be run, which the checker needs: ${error.message}`);
  if (stdout === '') throw new Error(`the checker failed: ${stderr}`);
  return found.parse(JSON.parse(stdout));
}

/** Whether the checker sees a double and a loss that are planted into copies of this very ledger. */
export function checkerSees(ledgerFile: string, incidentsFile: string): { readonly double: boolean; readonly loss: boolean } {
  const lines = readFileSync(ledgerFile, 'utf8').trimEnd().split('\n');
  const index = lines.findIndex((line) => isAct(JSON.parse(line) as LedgerLine));
  const planted = lines[index];
  if (planted === undefined) return { double: false, loss: false };
  const { key } = JSON.parse(planted) as LedgerLine;
  const before = check(ledgerFile, incidentsFile);
  const more = (ledger: readonly string[], name: string): Found => {
    const copy = `${ledgerFile}.${name}`;
    writeFileSync(copy, `${ledger.join('\n')}\n`);
    return check(copy, incidentsFile);
  };
  const withDouble = more([...lines.slice(0, index), planted, ...lines.slice(index)], 'double');
  const withLoss = more(
    lines.filter((line) => (JSON.parse(line) as LedgerLine).key !== key),
    'loss',
  );
  return {
    double: withDouble.doubled.length === before.doubled.length + 1 && withDouble.doubled.includes(key),
    loss: withLoss.lost.length === before.lost.length + 1 && withLoss.lost.some((one) => one.startsWith(key)),
  };
}

const isAct = ({ event, key, verb }: LedgerLine): boolean => event === 'began' && !key.endsWith('/undo') && !repeatableVerbs.includes(verb);
