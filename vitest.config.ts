import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** They wait for what must come, and measure no times: two at a time keep both cores busy. */
const sideBySide = [
  'test/sdk/**/*.test.ts',
  'test/sim/**/*.test.ts',
  'test/conformance/**/*.test.ts',
  'test/fuzz/**/*.test.ts',
  'test/e2e/watch-resumed.test.ts',
  'test/e2e/restored-cluster.test.ts',
  'test/e2e/forgotten-directory.test.ts',
  'test/e2e/disk-errors.test.ts',
  'test/e2e/disk-full.test.ts',
  'test/e2e/disk-power-loss.test.ts',
  'test/e2e/disk-rollback.test.ts',
  'test/e2e/disk-unsynced-start.test.ts',
  'test/e2e/membership-churn.test.ts',
  'examples/src/**/*.test.ts',
]

/** What takes longest, longest first: started last, it would run on while the other core is idle. */
const longest = [
  'testkit/src/simulation/run-seed.test.ts',
  'test/e2e/watch-resumed.test.ts',
  'test/e2e/disk-errors.test.ts',
  'test/e2e/disk-rollback.test.ts',
  'test/e2e/forgotten-directory.test.ts',
  'test/sdk/holdfast.test.ts',
  'test/sdk/etcd.test.ts',
]

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = longest.findIndex((path) => moduleId.endsWith(path))
      return at === -1 ? longest.length : at
    }
    return (await super.sort(files)).sort((a, b) => place(a) - place(b))
  }
}

const elsewhere = ['**/dist/**', '**/node_modules/**']
const reportFile = process.env['HOLDFAST_TEST_REPORT']

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    reporters: reportFile ? ['default', ['json', { outputFile: reportFile }]] : ['default'],
    // What crosses packages starts real processes and clusters, so it runs after the units, alone.
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts'],
          testTimeout: 20_000,
          // Vitest's own choice leaves one core idle, which on a machine with two is half of it.
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'clusters',
          include: sideBySide,
          exclude: elsewhere,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          maxWorkers: availableParallelism() + 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
          exclude: [...elsewhere, ...sideBySide],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
