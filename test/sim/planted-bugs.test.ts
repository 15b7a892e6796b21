/** The planted bugs fit the source of today, and the simulation finds some of the worst in no time. */

import { rmSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { buildCore, plant, readSource } from './core-build.js'
import { PLANTED_BUGS } from './planted-bugs.js'

describe('each planted bug', () => {
  it.each(PLANTED_BUGS)('can still be planted: $name', (bug) => {
    const text = readSource(bug.file)
    expect(plant(text, bug)).not.toBe(text)
  })
})

it.each([
  'an acknowledgement leaves before the fsync',
  'a vote is not persisted',
  'a message of an older term is believed',
])('the simulation finds that %s', async (name) => {
  const { directory, runSeed } = await buildCore(PLANTED_BUGS.find((bug) => bug.name === name))
  const violations = Array.from({ length: 200 }, (_, seed) => {
    try {
      runSeed(seed)
      return undefined
    } catch (error) {
      return error
    }
  })
  rmSync(directory, { recursive: true })
  expect(violations.some((one) => one instanceof Error)).toBe(true)
})
