/**
 * The storage loses power (catalogue 30, 31, 33): it must come back with everything that it had
 * acknowledged, and with a state that the log explains. Images are made by a model of a disk from a
 * recording of the real thing; see power-loss-run.ts.
 *
 *   HOLDFAST_POWER_LOSSES=2000 npx vitest run test/e2e/disk-power-loss.test.ts
 *
 * makes so many images, and looks for every planted fault; HOLDFAST_POWER_LOSS_SEED is the seed.
 */

import { rmSync } from 'node:fs'
import { canTrace } from '@holdfast/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { copyCoordinator } from './coordinator-build.js'
import { PLANTED_FAULTS } from './power-loss-faults.js'
import { losePowerOften, record, type Recording } from './power-loss-run.js'

const images = Number(process.env['HOLDFAST_POWER_LOSSES'] ?? 100)
const seed = Number(process.env['HOLDFAST_POWER_LOSS_SEED'] ?? 1)
const isLong = process.env['HOLDFAST_POWER_LOSSES'] !== undefined
const planted = isLong ? PLANTED_FAULTS : []
const MAX_IMAGES_FOR_A_FAULT = 1_000
const TIMEOUT_MS = 1_800_000

const recordings: Recording[] = []
async function recorded(...parameters: Parameters<typeof record>): Promise<Recording> {
  const recording = await record(...parameters)
  recordings.push(recording)
  return recording
}
afterEach(({ task }) => {
  // The recording of a loss is what can show how it came about.
  const isKept = task.result?.state === 'fail'
  for (const { directory } of recordings.splice(0)) {
    if (isKept) console.log(`the recording is kept in ${directory}`)
    else rmSync(directory, { recursive: true })
  }
})

it.each(PLANTED_FAULTS.map((fault) => [fault.name, fault] as const))(
  'this can still be planted: %s',
  (_name, change) => {
    rmSync(copyCoordinator([change], []).directory, { recursive: true })
  },
)

describe.skipIf(!canTrace())('a member that loses power', () => {
  it(
    'has everything that it acknowledged, whatever else reached the disk (catalogue 31)',
    async () => {
      const report = await losePowerOften(await recorded(), { seed, images })
      expect(report.losses).toEqual([])
      expect(report.images).toBe(images)
      console.log(`${images} images of ${report.calls} calls from seed ${seed}, nothing lost`)
    },
    TIMEOUT_MS,
  )

  it.each(planted.map((fault) => [fault.name, fault] as const))(
    'would not, and the images show it, if %s',
    async (name, change) => {
      const options = { seed, images: MAX_IMAGES_FOR_A_FAULT, stopAtLoss: true }
      const report = await losePowerOften(await recorded([change]), options)
      expect(report.losses).toHaveLength(1)
      console.log(`${name}: ${report.images} images; ${report.losses[0]!.complaint}`)
    },
    TIMEOUT_MS,
  )
})
