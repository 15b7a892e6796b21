import { expect, test } from 'vitest'
import { compactionPolicyOf } from './compaction-policy.js'

test.each([
  ['0', undefined],
  ['1', { mode: 'periodic', periodMs: 3_600_000 }],
  ['72h', { mode: 'periodic', periodMs: 72 * 3_600_000 }],
  ['1h30m', { mode: 'periodic', periodMs: 5_400_000 }],
  ['10s', { mode: 'periodic', periodMs: 10_000 }],
  ['500ms', { mode: 'periodic', periodMs: 500 }],
  ['0h', undefined],
  ['5d', 'unreadable'],
  ['-1', 'unreadable'],
  ['', 'unreadable'],
  ['h', 'unreadable'],
])('by time, %j is %j', (text, policy) => {
  expect(compactionPolicyOf('periodic', text)).toEqual(policy)
})

test.each([
  ['0', undefined],
  ['1000', { mode: 'revision', revisions: 1_000 }],
  ['1h', 'unreadable'],
])('by revisions, %j is %j', (text, policy) => {
  expect(compactionPolicyOf('revision', text)).toEqual(policy)
})
