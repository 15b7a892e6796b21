/**
 * Random sequences of requests, valid and not, on a real etcd and on ours: same status, same body, same
 * watch events. `HOLDFAST_DIFFERENTIAL_STEPS` is how many, `HOLDFAST_DIFFERENTIAL_SEED` decides which;
 * `npm run conformance` runs many.
 */

import { describe, expect, it } from 'vitest'
import { etcdIsInstalled } from '../wire-target.js'
import { generateSteps } from './generate.js'
import { reportOf } from './report.js'
import { divergenceOf, shrink } from './shrink.js'

const COUNT = Number(process.env['HOLDFAST_DIFFERENTIAL_STEPS'] ?? '1500')
const seed = Number(
  process.env['HOLDFAST_DIFFERENTIAL_SEED'] ?? Math.floor(Math.random() * 2 ** 32),
)

describe('the steps', () => {
  it('are decided by the seed', () => {
    expect(generateSteps(7, 200)).toEqual(generateSteps(7, 200))
    expect(generateSteps(7, 200)).not.toEqual(generateSteps(8, 200))
  })
})

describe.skipIf(!etcdIsInstalled())('a random sequence of requests (etcd is the referee)', () => {
  it('has the same answers, and its watches are told the same', async () => {
    console.log(`HOLDFAST_DIFFERENTIAL_SEED=${seed} HOLDFAST_DIFFERENTIAL_STEPS=${COUNT}`)
    const steps = generateSteps(seed, COUNT)
    const found = await divergenceOf(steps)
    if (found === undefined) return
    const shrunk = await shrink(steps, found)
    expect.unreachable(reportOf(shrunk?.divergence ?? found, shrunk?.steps ?? steps))
  }, 600_000)
})
