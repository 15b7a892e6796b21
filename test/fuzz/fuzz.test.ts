/** A short run of `npm run fuzz` against a real member, on inputs that no run had before. */

import { expect, it, onTestFinished } from 'vitest'
import { inputKinds } from './input.js'
import { startMemberTarget } from './member-target.js'
import { reportOf } from './report.js'
import { fuzz } from './run.js'

const INPUTS = 2_000
/** On a busy machine, rather fewer inputs. */
const SECONDS = 4

it('crashes nothing, and changes nothing by what is refused', async () => {
  const seed = Number(process.env['HOLDFAST_FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  console.log(`HOLDFAST_FUZZ_SEED=${seed}`)
  const target = await startMemberTarget()
  onTestFinished(() => target.close())
  const options = { inputs: INPUTS, seed, first: 0, kinds: inputKinds, seconds: SECONDS }
  const run = await fuzz(options, target)
  const { text, isGood } = reportOf(run)
  expect(isGood, text).toBe(true)
  expect(run.sent).toBeGreaterThan(0)
})
