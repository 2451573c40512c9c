import type * as vitest from 'vitest';

type Runner = Pick<typeof vitest, 'describe' | 'expect' | 'it'>;

const hasGlobals = (runner: object): runner is Runner => 'describe' in runner && 'expect' in runner && 'it' in runner;

const world: object = globalThis;

/** Of whoever runs the file: its globals where it has them, else what Vitest exports. */
export const { describe, expect, it }: Runner = hasGlobals(world) ? world : await import('vitest');
