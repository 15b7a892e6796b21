import { describe, expect, it } from 'vitest'
import { countFsyncs } from './fsync-trace.js'

describe('countFsyncs', () => {
  it('tells the thread of the event loop from the others, and counts a long call once', () => {
    const lines = [
      '[pid  4711] fdatasync(23) = 0',
      '[pid  4711] fsync(24 <unfinished ...>',
      '[pid  4700] fdatasync(21) = 0',
      '[pid  4711] <... fsync resumed>)        = 0',
      'fsync(3) = 0',
      '[pid  4712] write(1, "fsync(3)", 8) = 8',
      'strace: Process 4700 detached',
    ]
    expect(countFsyncs(lines, 4700)).toEqual({ onMainThread: 2, onOtherThreads: 2 })
  })
})
