import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const habits = ['test/tidy.test.ts', 'test/lint.test.ts', 'test/specification/mutants.test.ts'];
const fire = 'test/faults/fire.test.ts';

/** Where files take long: what begins last should not be what everybody then waits for. */
const longest = ['/test/e2e/', '/test/contract/wire.', '/test/scenarios/', '/test/faults/', '/test/contract/'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => [...longest, ''].findIndex((part) => moduleId.includes(part));
    return files.toSorted((one, other) => rank(one) - rank(other));
  }
}

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    testTimeout: 30_000,
    hookTimeout: 30_000,
    projects: [
      // Needs nothing but the files, so that `npm run check` starts no database.
      { extends: true, test: { name: 'habits', include: habits } },
      {
        extends: true,
        test: {
          name: 'hale',
          include: ['test/**/*.test.ts'],
          exclude: [...habits, fire],
          globalSetup: ['test/support/global-setup.ts'],
        },
      },
      // Alone and last: it keeps a machine busy for minutes, and what it kills must have the time to come back.
      { extends: true, test: { name: 'fire', include: [fire], sequence: { groupOrder: 1 } } },
    ],
  },
});
