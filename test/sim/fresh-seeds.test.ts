/** Other seeds in every run of the tests, beside those that `raft/simulation` always runs. */

import { randomInt } from 'node:crypto'
import { rmSync } from 'node:fs'
import { expect, it } from 'vitest'
import { buildCore } from './core-build.js'
import { complaintOf, replayLine } from './violation.js'

const SEEDS = 2_000

it(`${SEEDS} seeds that nobody has seen violate nothing`, async () => {
  const core = await buildCore()
  const first = randomInt(2 ** 31)
  const violations: string[] = []
  for (let seed = first; seed < first + SEEDS; seed += 1) {
    const complaint = complaintOf(core, core.scenarioOf(seed))
    if (complaint !== undefined) violations.push(`${complaint}; ${replayLine(seed)}`)
  }
  rmSync(core.directory, { recursive: true })
  expect(violations).toEqual([])
})
