// The short form of `npm run test:fire`, as a process: 40 kills of one process, and one of the whole tree.
import { expect, test } from 'vitest';
import { command } from '../support/acceptance/command.js';

const minutesMax = 10;

test(
  'forty kills double no act, lose none and leave no cycle stuck',
  async () => {
    const { code, output } = await command(
      'node',
      ['scripts/fire.mjs', '--kills', '40', '--tree-kills', '1', '--seed', '7'],
      process.cwd(),
    );
    expect(code, output).toBe(0);
  },
  minutesMax * 60_000,
);
