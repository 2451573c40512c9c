import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const habits = ['test/tidy.test.ts', 'test/lint.test.ts', 'test/specification/mutants.test.ts'];
/** One after the other, when all others have ended: the first has time limits, the last kills what must have the time to come back. */
const alone = ['test/contract/wire.test.ts', 'test/faults/fire.test.ts'];

/** Where files take long: what begins last should not be what everybody then waits for. */
const longest = ['/test/e2e/', '/test/scenarios/', '/test/faults/', '/test/contract/'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => [...longest, ''].findIndex((part) => moduleId.includes(part));
    return files.toSorted((one, other) => rank(one) - rank(other));
  }
}

export default defineConfig({
  test: {
    pool: 'forks',
    // Loading all modules for each file takes long: none, of the product or of the tests' support, may keep what is for one file only.
    isolate: false,
    // More than two cores' worth, so that both work on while a file waits.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      // Needs nothing but the files, so that `npm run check` starts no database.
      { extends: true, test: { name: 'habits', include: habits } },
      {
        extends: true,
        test: {
          name: 'hale',
          include: ['test/**/*.test.ts'],
          exclude: [...habits, ...alone],
          globalSetup: ['test/support/global-setup.ts'],
        },
      },
      ...alone.map((file, number) => ({
        extends: true as const,
        test: { name: `alone-${number + 1}`, include: [file], sequence: { groupOrder: number + 1 } },
      })),
    ],
  },
});
