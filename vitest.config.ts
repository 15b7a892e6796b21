import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** They wait for what must come, and measure no times: two at a time keep both cores busy. */
const sideBySide = [
  'test/sdk/**/*.test.ts',
  'test/sim/**/*.test.ts',
  'test/conformance/**/*.test.ts',
  'test/e2e/watch-resumed.test.ts',
  'test/e2e/restored-cluster.test.ts',
  'test/e2e/forgotten-directory.test.ts',
  'test/e2e/disk-rollback.test.ts',
  'test/e2e/disk-unsynced-start.test.ts',
  'test/e2e/membership-churn.test.ts',
]

const elsewhere = ['**/dist/**', '**/node_modules/**']
const reportFile = process.env['HOLDFAST_TEST_REPORT']

export default defineConfig({
  test: {
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
          maxWorkers: 2,
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
