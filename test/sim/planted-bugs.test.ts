/** The planted bugs fit the source of today, and the simulation finds some of the worst in no time. */

import { rmSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { buildCore, plant } from './core-build.js'
import { PLANTED_BUGS } from './planted-bugs.js'
import { complaintOf } from './violation.js'

describe('each planted bug', () => {
  it.each(PLANTED_BUGS)('can still be planted: $name', (bug) => {
    for (const { file, replace } of bug.edits) expect(plant(file, bug)).toContain(replace)
  })
})

it.each([
  'an acknowledgement leaves before the fsync',
  'a vote is not persisted',
  'a message of an older term is believed',
])('the simulation finds that %s', async (name) => {
  const core = await buildCore(PLANTED_BUGS.find((bug) => bug.name === name))
  const isFound = Array.from({ length: 200 }, (_, seed) => core.scenarioOf(seed)).some(
    (scenario) => complaintOf(core, scenario) !== undefined,
  )
  rmSync(core.directory, { recursive: true })
  expect(isFound).toBe(true)
})
