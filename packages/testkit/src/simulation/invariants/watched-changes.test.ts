import { describe, expect, it } from 'vitest'
import { Ledger } from '../ledger.js'
import { KnownStates } from './known-states.js'
import { WatchedChanges } from './watched-changes.js'

describe('a watch that says that its history is compacted', () => {
  const ledger = new Ledger(() => 0)
  const watch = () => new WatchedChanges(ledger, new KnownStates(ledger)).begin('one', '', 2)

  it('is not believed when nothing was compacted', () => {
    expect(() => watch().compacted(1_000)).toThrow('one lost its history before 1000')
    expect(() => watch().compacted()).toThrow('one lost its history before -1')
  })
})
