/**
 * Transactions of a connection. A promise would settle after COMMIT, and drizzle's nested ones would
 * not even notice (catalogue 26, 38), so what returns one is rolled back and throws.
 */

import { invariant } from '@holdfast/raft'
import type { Connection } from './connection.js'

export type Transact = <Result>(work: () => Result) => Result

export function transactionsOf({ client }: Connection): Transact {
  const run = client.transaction((work: () => unknown): unknown => {
    const result = work()
    invariant(!isThenable(result), 'the work of a transaction must not be asynchronous')
    return result
  })
  // Immediate: it takes the write lock at its start or fails, never half-way.
  return <Result>(work: () => Result) => run.immediate(work) as Result
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value
}
