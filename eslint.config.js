import js from '@eslint/js'
import tseslint from 'typescript-eslint'

// The pure packages take time as ticks and randomness as a seeded generator, never from the host.
const hostTimeAndChance = [
  { object: 'Date', property: 'now', message: 'Time enters as ticks or as an argument.' },
  { object: 'Math', property: 'random', message: 'Randomness enters as a seeded generator.' },
]

const hostTimers = ['performance', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']

export default tseslint.config(
  {
    ignores: [
      '**/dist/',
      '**/node_modules/',
      'eslint.config.js',
      '.dependency-cruiser.cjs',
      '.ci/',
    ],
  },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['vitest.config.ts'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': ['error', { max: 70, skipComments: true, skipBlankLines: true }],
      'max-params': 'off',
      '@typescript-eslint/max-params': ['error', { max: 4 }],
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx'] }],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: ['packages/raft/src/**', 'packages/coordinator/src/state-machine/**'],
    rules: {
      'no-restricted-properties': ['error', ...hostTimeAndChance],
      'no-restricted-globals': ['error', 'Date', 'performance', 'Intl', 'crypto', 'process'],
    },
  },
  {
    // What a simulation runs takes time from `time/clock.ts`, and nothing from the host.
    files: ['node', 'watch', 'http'].map((folder) => `packages/coordinator/src/${folder}/**`),
    ignores: ['**/*.test.ts', '**/*.test-support.ts'],
    rules: {
      'no-restricted-properties': ['error', ...hostTimeAndChance],
      'no-restricted-globals': ['error', ...hostTimers],
      'no-restricted-imports': ['error', 'node:timers', 'node:timers/promises'],
    },
  },
  {
    files: ['**/*.test.ts', '**/*.test-support.ts', 'test/**'],
    rules: {
      'max-lines': ['error', { max: 600 }],
      'max-lines-per-function': 'off',
      // Assertions state what must be there; a missing value fails the test by itself.
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['packages/cli/src/**', 'examples/**', 'test/**'],
    rules: { 'no-console': 'off' },
  },
)
