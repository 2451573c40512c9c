// Drives the stand-alone checker of `npm run test:fire` over small ledgers: one that is well, and one for each fault.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type { LedgerLine } from '../../fire/target/words.js';

const script = fileURLToPath(new URL('../../fire/check-ledger.py', import.meta.url));

const line = (event: LedgerLine['event'], verb: string, key = '', fence = '1'): LedgerLine => ({
  at: 1_000,
  event,
  service: 'http-1',
  verb,
  key,
  fence,
});
const acted = (verb: string, key: string, fence: string): LedgerLine[] => [line('began', verb, key, fence), line('done', verb, key, fence)];

/** `retune` was tried and taken back, `reload` mended. */
const wellLedger = [
  line('broke', 'reload'),
  ...acted('retune', 'c/1/retune', '1'),
  ...acted('retune-back', 'c/1/retune/undo', '2'),
  ...acted('reload', 'c/2/reload', '3'),
  line('mended', 'reload', 'c/2/reload', '3'),
];
const retune = { actionId: 'c/1/retune', correction: 'retune', state: 'undone', verdict: 'unchanged', undone: true };
const reload = { actionId: 'c/2/reload', correction: 'reload', state: 'adopted', verdict: 'held', undone: false };
const incident = { id: 'inc-1', service: 'http-1', outcome: 'healed', endedAt: '2026-01-01T00:00:00Z', attempts: [retune, reload] };

interface Case {
  readonly ledger?: readonly LedgerLine[];
  readonly incident?: object;
}

function check({ ledger = wellLedger, incident: other = {} }: Case): { code: number | null; found: Record<string, unknown> } {
  const folder = mkdtempSync(join(tmpdir(), 'hale-check-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [lines, incidents] = [join(folder, 'ledger.ndjson'), join(folder, 'incidents.json')];
  writeFileSync(lines, ledger.map((one) => `${JSON.stringify(one)}\n`).join(''));
  writeFileSync(incidents, JSON.stringify({ data: [{ ...incident, ...other }] }));
  const { status, stdout, stderr } = spawnSync('python3', [script, lines, incidents, 'restored'], { encoding: 'utf8' });
  if (stdout === '') throw new Error(stderr);
  return { code: status, found: JSON.parse(stdout) as Record<string, unknown> };
}

test('the checker finds nothing where target and hale agree', () => {
  const { code, found } = check({});
  expect(code).toBe(0);
  expect(
    Object.values(found)
      .flat()
      .filter((one) => typeof one === 'string'),
  ).toEqual([]);
});

const withoutActOf = (key: string): LedgerLine[] => wellLedger.filter((one) => one.key !== key);

test.each<readonly [string, string, string, Case]>([
  ['an act done twice under one id', 'doubled', 'c/2/reload', { ledger: [...wellLedger, ...acted('reload', 'c/2/reload', '4')] }],
  ['two acts for one attempt', 'doubled', 'c/2/other', { ledger: [...wellLedger, ...acted('other', 'c/2/other', '4')] }],
  ['an act that hale claims and the target never saw', 'lost', 'c/2/reload was not done', { ledger: withoutActOf('c/2/reload') }],
  ['an undo that the target never saw', 'lost', 'c/1/retune was not undone', { ledger: withoutActOf('c/1/retune/undo') }],
  [
    'an act that hale does not know of',
    'lost',
    'd/1/reload is not known',
    { ledger: [...wellLedger, ...acted('reload', 'd/1/reload', '9')] },
  ],
  [
    'an act that hale says never happened',
    'lost',
    'c/1/retune was done and is denied',
    { incident: { attempts: [{ ...retune, state: 'notApplied', undone: false }, reload] } },
  ],
  [
    'a call that came after one with a larger fence',
    'outranked',
    'after 3',
    { ledger: [...wellLedger, ...acted('restored', 'c/2/reload', '2')] },
  ],
  ['a correction that held and mended nothing', 'untrue', 'c/2/reload', { ledger: wellLedger.filter(({ event }) => event !== 'mended') }],
  [
    'a correction that did not help and was not taken back',
    'leftInForce',
    'c/1/retune',
    { incident: { attempts: [{ ...retune, state: 'adopted', undone: false }, reload] } },
  ],
  ['an effect that nobody settled', 'leftInForce', 'c/2/reload', { incident: { attempts: [retune, { ...reload, state: 'applied' }] } }],
  [
    'an undo that nobody brought to its end',
    'leftInForce',
    'c/2/reload',
    { incident: { attempts: [retune, { ...reload, state: 'undoing' }] } },
  ],
  ['an effect whose fate is unknown', 'stranded', 'c/2/reload', { incident: { attempts: [retune, { ...reload, state: 'unknown' }] } }],
  ['a service that stayed broken', 'stuck', 'http-1', { ledger: [...wellLedger, line('broke', 'reload')] }],
  ['an incident that never ended', 'stuck', 'inc-1', { incident: { endedAt: null, outcome: null } }],
])('the checker names %s', (_, kind, what, broken) => {
  const { code, found } = check(broken);
  expect(code).toBe(1);
  expect(String(found[kind])).toContain(what);
});

test('the checker lets an act be repeated whose verb is declared repeatable', () => {
  const again = acted('restored', 'c/2/reload', '3');
  expect(check({ ledger: [...wellLedger, ...again] }).found).toMatchObject({ doubled: [] });
});
