/** The simulation of whole members, for longer than the tests run it. */

import { writeFileSync } from 'node:fs'
import { planOf, runWatched, shrinkPlan, type Plan } from '@holdfast/testkit'
import { buildNode, type NodeBug } from './node-build.js'
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

const MAX_SEEDS_TO_SHRINK = 300

type Complains = (plan: Plan) => Promise<string | undefined>

/** A plan that failed, kept to be run by the tests for ever. */
export interface KeptPlan {
  readonly why: string
  /** Planted, it makes the plan fail; without one, a bug that was fixed did. */
  readonly bug?: string | undefined
  readonly plan: Plan
}

/**
 * Writes the smallest plan found that still fails, to be kept with the tests; of this seed, or of the
 * first after it that fails.
 * @param bug planted first, if it is given
 */
export async function shrinkNodeSeed(seed: number, file: string, bug?: NodeBug): Promise<void> {
  const complains: Complains = bug === undefined ? (plan) => complaintOf(plan) : await withBug(bug)
  const failing = await firstThatFails(seed, complains)
  if (failing === undefined) {
    console.log(`nothing is violated in ${MAX_SEEDS_TO_SHRINK} seeds from ${seed} on`)
    return
  }
  const { complaint } = failing
  const plan = await shrinkPlan(failing.plan, async (smaller) => {
    return (await complains(smaller)) !== undefined
  })
  const kept: KeptPlan = { why: (await complains(plan)) ?? complaint, bug: bug?.name, plan }
  writeFileSync(file, `${JSON.stringify(kept, undefined, 2)}\n`)
  console.log(
    `${kept.why}\nwith ${plan.faults.length} faults, ${plan.clients.length} clients: ${file}`,
  )
}

async function firstThatFails(
  seed: number,
  complains: Complains,
): Promise<{ readonly plan: Plan; readonly complaint: string } | undefined> {
  for (let next = seed; next < seed + MAX_SEEDS_TO_SHRINK; next += 1) {
    const plan = planOf(next)
    const complaint = await complains(plan)
    if (complaint !== undefined) return { plan, complaint }
  }
  return undefined
}

export async function complaintOf(plan: Plan, run = runWatched): Promise<string | undefined> {
  try {
    await run(plan)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message.split('\n', 1)[0] : String(error)
  }
}

/** What plans complain of when the bug is planted; the build stays until the process ends. */
export async function withBug(bug: NodeBug): Promise<Complains> {
  const build = buildNode()
  process.once('exit', () => build.remove())
  build.plant(bug)
  const built = (await import(/* @vite-ignore */ build.entry)) as {
    readonly runWatched: typeof runWatched
  }
  return (plan) => complaintOf(plan, built.runWatched)
}
