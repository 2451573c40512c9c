// Drives the real linter with the project's rules over a tree of small bad and good files, once.
import { beforeAll, expect, test } from 'vitest';
import { lint, type Complaint } from './support/lint.js';

interface Case {
  readonly title: string;
  readonly path: string;
  readonly source: string;
  readonly rule: string;
  readonly says: string;
}

const table = (title: string, path: string, source: string, says: string): Case => ({
  title,
  path,
  source,
  rule: 'hale(import-table)',
  says,
});
const lines = (count: number, line: string): string => `${line}\n`.repeat(count);

const bad: readonly Case[] = [
  table(
    'domain imports no package',
    'domain/zod-user.ts',
    `import { z } from 'zod';\nexport const s = z.string();\n`,
    'domain may not import zod',
  ),
  table('domain imports no Node module', 'domain/file-reader.ts', `export { readFile } from 'node:fs';\n`, 'domain may not import node:fs'),
  table(
    'domain imports no contract',
    'domain/wire.ts',
    `import type { A } from '../contracts/names.js';\nexport type B = A;\n`,
    'contracts/names',
  ),
  table('contracts import no adapter', 'contracts/store.ts', `export { a } from '../adapters/exec/run.js';\n`, 'adapters/exec/run'),
  table('workflows import no zod', 'workflows/zod.ts', `export { z } from 'zod';\n`, 'workflows may not import zod except with'),
  table('workflows import no Node module', 'workflows/clock.ts', `export { hostname } from 'node:os';\n`, 'node:os'),
  table(
    'workflows import values of no activity',
    'workflows/caller.ts',
    `export { heal } from '../activities/heal.js';\n`,
    'except with `import type`',
  ),
  table(
    'a type named inside a value import still loads the module',
    'workflows/half-type.ts',
    `import { type heal } from '../activities/heal.js';\nexport type H = typeof heal;\n`,
    'except with `import type`',
  ),
  table('activities import no adapter', 'activities/store.ts', `import '../adapters/exec/run.js';\n`, 'adapters/exec/run'),
  table('activities import no database driver', 'activities/query.ts', `export { Pool } from 'pg';\n`, 'activities may not import pg'),
  table(
    'adapters never import each other',
    'adapters/http/both.ts',
    `export { a } from '../exec/run.js';\n`,
    'adapters/http may not import adapters/exec/run',
  ),
  table('adapters import only their own vendor', 'adapters/http/sql.ts', `export { Pool } from 'pg';\n`, 'adapters/http may not import pg'),
  table('adapters import no activity but the ports', 'adapters/http/verb.ts', `import '../../activities/heal.js';\n`, 'activities/heal'),
  table(
    'workers import no lab',
    'workers/demo.ts',
    `export const demo = () => import('../lab/shop.js');\n`,
    'workers may not import lab/shop',
  ),
  table('the client imports no worker', 'client/up.ts', `import '../workers/main.js';\n`, 'workers/main'),
  table(
    'the client reads only its two database doors',
    'client/rows.ts',
    `import '../adapters/postgres/leases.js';\n`,
    'adapters/postgres/leases',
  ),
  table(
    'the page imports values of no domain file',
    'page/app.ts',
    `export { b } from '../domain/good.js';\n`,
    'except with `import type`',
  ),
  table('the lab imports no product code', 'lab/peek.ts', `import '../domain/good.js';\n`, 'lab may not import domain/good'),
  table('product code imports no test', 'activities/check.ts', `import '../test/support/x.js';\n`, 'test/support/x'),
  table(
    'type imports inside expressions obey the table',
    'domain/inline.ts',
    `export type P = import('pg').Pool;\n`,
    'domain may not import pg',
  ),
  table('a folder outside the table is refused', 'utilities/x.ts', `import '../domain/good.js';\n`, 'utilities has no row'),
  {
    title: 'domain reads no clock',
    path: 'domain/now.ts',
    source: `export const now = () => Date.now();\n`,
    rule: 'hale(pure-domain)',
    says: 'Date.now',
  },
  {
    title: 'domain makes no date of now',
    path: 'domain/date.ts',
    source: `export const d = () => new Date();\n`,
    rule: 'hale(pure-domain)',
    says: 'new Date()',
  },
  {
    title: 'domain draws no random number',
    path: 'domain/dice.ts',
    source: `export const r = () => Math.random();\n`,
    rule: 'hale(pure-domain)',
    says: 'Math.random',
  },
  {
    title: 'domain reads no environment',
    path: 'domain/env.ts',
    source: `export const e = () => process.env;\n`,
    rule: 'hale(pure-domain)',
    says: 'process',
  },
  {
    title: 'domain sets no timer',
    path: 'domain/timer.ts',
    source: `export const t = (f: () => void) => setTimeout(f, 1);\n`,
    rule: 'hale(pure-domain)',
    says: 'setTimeout',
  },
  {
    title: 'workflows parse only with safeParse',
    path: 'workflows/parse.ts',
    source: `export const p = (s: { parse(v: unknown): unknown }) => s.parse(1);\n`,
    rule: 'hale(workflow-sandbox)',
    says: '.parse()',
  },
  {
    title: 'workflows keep no module-level variable',
    path: 'workflows/state.ts',
    source: `export let seen = 0;\nexport const see = () => (seen += 1);\n`,
    rule: 'hale(workflow-sandbox)',
    says: 'module-level',
  },
  {
    title: 'import loops are refused',
    path: 'domain/loop-a.ts',
    source: `import { b } from './loop-b.js';\nexport const a = (): number => b();\n`,
    rule: 'import(no-cycle)',
    says: 'ycle',
  },
  {
    title: 'default exports are refused',
    path: 'domain/default.ts',
    source: `export default 1;\n`,
    rule: 'import(no-default-export)',
    says: 'named',
  },
  {
    title: 'functions end before seventy-one lines',
    path: 'domain/long.ts',
    source: `export function long(): void {\n${lines(70, '  // A line.')}}\n`,
    rule: 'eslint(max-lines-per-function)',
    says: '72',
  },
  {
    title: 'files end before five hundred and one lines',
    path: 'domain/huge.ts',
    source: lines(501, 'export {};'),
    rule: 'eslint(max-lines)',
    says: '501',
  },
  {
    title: 'any is refused',
    path: 'domain/any.ts',
    source: `export const x = (v: any): unknown => v;\n`,
    rule: 'typescript(no-explicit-any)',
    says: 'any',
  },
  {
    title: 'promises are never left alone',
    path: 'adapters/exec/float.ts',
    source: `export function go(p: Promise<void>): void {\n  p;\n}\n`,
    rule: 'typescript(no-floating-promises)',
    says: 'romise',
  },
  {
    title: 'a switch covers its whole union',
    path: 'domain/switch.ts',
    source: `export function s(k: 'a' | 'b'): number {\n  switch (k) {\n    case 'a':\n      return 1;\n  }\n  return 2;\n}\n`,
    rule: 'typescript(switch-exhaustiveness-check)',
    says: 'b',
  },
  {
    title: 'the compiler is never silenced',
    path: 'domain/silence.ts',
    source: `// @ts-ignore\nexport const x: number = 1;\n`,
    rule: 'typescript(ban-ts-comment)',
    says: 'ts-ignore',
  },
];

const good: Readonly<Record<string, string>> = {
  'domain/good.ts': `export const b = (at: number): Date => new Date(at);\n`,
  'domain/loop-b.ts': `import { a } from './loop-a.js';\nexport const b = (): number => a();\n`,
  'contracts/names.ts': `import { z } from 'zod';\nexport type A = string;\nexport const s = z.string();\n`,
  'workflows/good.ts': `import type { heal } from '../activities/heal.js';\nexport type Heal = typeof heal;\nexport const read = (t: string): unknown => JSON.parse(t);\n`,
  'activities/heal.ts': `import { b } from '../domain/good.js';\nexport const heal = b;\n`,
  'activities/ports.ts': `export interface Port {\n  readonly a: number;\n}\n`,
  'adapters/exec/run.ts': `import type { Port } from '../../activities/ports.js';\nimport { spawn } from 'node:child_process';\nexport const a = (p: Port): unknown => spawn(String(p.a));\n`,
  'adapters/postgres/leases.ts': `import { Pool } from 'pg';\nexport { readPool } from './read.js';\nexport const c = Pool;\n`,
  'adapters/postgres/read.ts': `export const readPool = 1;\n`,
  'client/read.ts': `export { readPool } from '../adapters/postgres/read.js';\n`,
  'page/view.ts': `import type { b } from '../domain/good.js';\nexport type View = typeof b;\n`,
  'workers/main.ts': `import { a } from '../adapters/exec/run.js';\nimport { heal } from '../activities/heal.js';\nexport const wire = [a, heal];\n`,
  'lab/shop.ts': `import type { A } from '../contracts/names.js';\nexport type Shop = A;\n`,
  'test/support/x.ts': `import { heal } from '../../activities/heal.js';\nexport function long(): unknown {\n${lines(80, '  // A test may be long.')}  return heal;\n}\n`,
};

let complaints: readonly Complaint[] = [];

beforeAll(async () => {
  complaints = await lint({ ...good, ...Object.fromEntries(bad.map(({ path, source }) => [path, source])) });
});

test.each(bad.map((one) => [one.title, one] as const))('%s', (_, { path, rule, says }) => {
  expect(complaints).toContainEqual({ filename: path, rule, message: expect.stringContaining(says) as string });
});

test('code that keeps to the import table draws no complaint', () => {
  const loop = (complaint: Complaint) => complaint.rule === 'import(no-cycle)';
  expect(complaints.filter((c) => c.filename in good && !loop(c))).toEqual([]);
});
