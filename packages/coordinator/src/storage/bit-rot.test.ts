/**
 * One bit of a database at rest is another one, anywhere (catalogue 35): a start refuses the directory
 * with a StorageError, or finds exactly what was there. HOLDFAST_BIT_FLIPS says how many.
 */

import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeMembership } from '@holdfast/raft'
import { expect, it } from 'vitest'
import { openStorage, StorageError, type Storage } from './open-storage.js'
import { contents, entry, newDirectory, open, OPTIONS, putAt } from './storage.test-support.js'

const ENTRIES = 150
const FLIPS = Number(process.env['HOLDFAST_BIT_FLIPS'] ?? 40)

/** A member that has voted, cut its log and applied the rest, closed in order. */
async function member(): Promise<string> {
  const directory = newDirectory()
  const storage = await open(directory)
  const entries = Array.from({ length: ENTRIES }, (_, at) => entry(at + 1, 1, 'x'.repeat(at * 5)))
  const hardState = { term: 3, votedFor: '2' }
  await new Promise<void>((resolve) => storage.log.append({ hardState, entries }, resolve))
  storage.state.apply(entries.map(({ index }) => putAt(index, `key ${index % 40}`)))
  storage.log.cut(50)
  await storage.close()
  return directory
}

function contentOf({ log, state }: Storage): unknown {
  const { hardState, memberships } = log.initialState()
  return {
    hardState,
    memberships: memberships.map(({ index, membership }) => {
      return [index, Buffer.from(encodeMembership(membership)).toString('hex')]
    }),
    log: contents({ log } as Storage, log.firstIndex()),
    state: state.hash(),
  }
}

/** Spread over the whole file by a fixed sequence. */
function positions(bytes: number): readonly number[] {
  return Array.from({ length: FLIPS }, (_, at) =>
    Math.floor(((at * 0.618_033_988_7) % 1) * bytes * 8),
  )
}

type Outcome = 'same' | 'refused' | 'wrong' | 'unclear'

async function outcomeOf(directory: string, expected: string): Promise<Outcome> {
  let storage: Storage | undefined
  try {
    storage = await openStorage({ ...OPTIONS, directory, onFatal: () => undefined })
    return JSON.stringify(contentOf(storage)) === expected ? 'same' : 'wrong'
  } catch (error) {
    return error instanceof StorageError ? 'refused' : 'unclear'
  } finally {
    await storage?.close().catch(() => undefined)
  }
}

it.each(['raft.db', 'state.db'])(
  'in %s',
  async (file) => {
    const sound = await member()
    const storage = await open(sound)
    const expected = JSON.stringify(contentOf(storage))
    await storage.close()
    const original = readFileSync(join(sound, file))
    const outcomes: Record<Outcome, number> = { same: 0, refused: 0, wrong: 0, unclear: 0 }
    for (const bit of positions(original.length)) {
      const directory = newDirectory()
      cpSync(sound, directory, { recursive: true })
      const bytes = Buffer.from(original)
      bytes[bit >> 3]! ^= 1 << (bit & 7)
      writeFileSync(join(directory, file), bytes)
      outcomes[await outcomeOf(directory, expected)] += 1
    }
    expect(outcomes).toEqual({ ...outcomes, wrong: 0, unclear: 0 })
    expect(outcomes.refused).toBeGreaterThan(FLIPS / 4)
  },
  300_000,
)
