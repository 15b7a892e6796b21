/** The simulation of whole members, for longer than the tests run it. */

import { writeFileSync } from 'node:fs'
import { planOf, runWatched, shrinkPlan, type Plan } from '@holdfast/testkit'
import { replayLine } from './violation.js'

/** Runs seeds until the time is up, at least one; stops at the first violation. */
export async function runNodeSeeds(first: number, milliseconds: number): Promise<void> {
  const begun = performance.now()
  const totals: Record<string, number> = {}
  let seed = first
  do {
    const plan = planOf(seed)
    try {
      const { counts, traceHash } = await runWatched(plan)
      for (const [name, count] of Object.entries(counts)) totals[name] = (totals[name] ?? 0) + count
      if (milliseconds === 0) console.log(`trace ${traceHash}`)
    } catch (error) {
      console.error(error)
      console.error(`violated; to see it again ${replayLine(seed, 'node')}`)
      process.exitCode = 1
      return
    }
    seed += 1
  } while (performance.now() - begun < milliseconds)
  const count = seed - first
  const perMinute = Math.round(count / ((performance.now() - begun) / 60_000))
  const { user, system } = process.cpuUsage()
  const perCpuMinute = Math.round(count / ((user + system) / 60_000_000))
  console.log(
    `${count} seeds from ${first} on, ${perMinute} a minute, ${perCpuMinute} a minute of CPU; ` +
      '0 violations',
  )
  console.log(`seen: ${JSON.stringify(totals)}`)
}

/** Writes the smallest plan found that still fails, to be kept with the tests. */
export async function shrinkNodeSeed(seed: number, file: string): Promise<void> {
  const complaint = await complaintOf(planOf(seed))
  if (complaint === undefined) {
    console.log(`seed ${seed} violates nothing`)
    return
  }
  const small = await shrinkPlan(planOf(seed), async (plan) => {
    return (await complaintOf(plan)) !== undefined
  })
  const why = (await complaintOf(small)) ?? complaint
  writeFileSync(file, `${JSON.stringify({ why, ...small }, undefined, 2)}\n`)
  console.log(
    `${why}\nwith ${small.faults.length} faults and ${small.clients.length} clients: ${file}`,
  )
}

async function complaintOf(plan: Plan): Promise<string | undefined> {
  try {
    await runWatched(plan)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message.split('\n', 1)[0] : String(error)
  }
}
