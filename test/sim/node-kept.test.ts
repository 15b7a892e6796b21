/** Runs of whole members that once failed, or that find a planted bug, cut down and kept. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { NODE_PLANTED_BUGS } from './node-planted-bugs.js'
import { complaintOf, withBug, type KeptPlan } from './node-seeds.js'

/** Runs of a plan in which the bug that it was kept for must show. */
const SHIFTS = 50

const directory = join(import.meta.dirname, 'kept-plans')
const files = readdirSync(directory)

describe.each(files)('%s', (file) => {
  const kept = JSON.parse(readFileSync(join(directory, file), 'utf8')) as KeptPlan

  it('violates nothing', { timeout: 60_000 }, async () => {
    expect(await complaintOf(kept.plan)).toBeUndefined()
  })

  it.runIf(kept.bug)('finds the bug that it names', { timeout: 120_000 }, async () => {
    const bug = NODE_PLANTED_BUGS.find(({ name }) => name === kept.bug)
    expect(bug, kept.bug).toBeDefined()
    const complains = await withBug(bug!)
    // A later change of the members or of the simulation may shift what the seed of the plan decides.
    let complaint: string | undefined
    for (let shift = 0; complaint === undefined && shift < SHIFTS; shift += 1) {
      complaint = await complains({ ...kept.plan, seed: kept.plan.seed + shift })
    }
    expect(complaint).toBeDefined()
  })
})

it('there are some', () => {
  expect(files.length).toBeGreaterThan(2)
})
