/**
 * Cuts a plan that fails down to one that still does: first whole kinds of faults, then members, single
 * faults, clients, operations, bad weather, and the time (Zeller's ddmin, over what a plan is made of).
 * It works because every draw is made by name: what is left away changes no other (`chance.ts`).
 */

import type { Plan, PlannedClient, PlannedFault } from './plan.js'

/** Whether the plan still fails. */
export type StillFails = (plan: Plan) => Promise<boolean>

type Step = (plan: Plan) => Iterable<Plan>

/** From the boldest cut to the smallest. */
const STEPS: readonly Step[] = [
  withoutFaultKinds,
  withThreeMembers,
  withCalmConditions,
  withoutFaults,
  withoutClients,
  withFewerOperations,
  withShorterFaults,
  withShorterTime,
]

/** @param maxRuns plans that are tried at most */
export async function shrinkPlan(
  failing: Plan,
  stillFails: StillFails,
  maxRuns = 300,
): Promise<Plan> {
  let best = failing
  let runs = 0
  let hasImproved = true
  while (hasImproved && runs < maxRuns) {
    hasImproved = false
    for (const step of STEPS) {
      for (let improved = true; improved;) {
        improved = false
        for (const candidate of step(best)) {
          if (runs === maxRuns) return best
          runs += 1
          if (!(await stillFails(candidate))) continue
          best = candidate
          improved = true
          hasImproved = true
          break
        }
      }
    }
  }
  return best
}

function* withoutFaultKinds(plan: Plan): Iterable<Plan> {
  for (const kind of new Set(plan.faults.map((fault) => fault.kind))) {
    yield { ...plan, faults: plan.faults.filter((fault) => fault.kind !== kind) }
  }
}

function* withThreeMembers(plan: Plan): Iterable<Plan> {
  if (plan.size > 3) yield { ...plan, size: 3 }
}

function* withCalmConditions(plan: Plan): Iterable<Plan> {
  const { conditions, clockSkew, diskMs } = plan
  if (conditions.loss > 0) yield { ...plan, conditions: { ...conditions, loss: 0 } }
  if (conditions.repetition > 0) yield { ...plan, conditions: { ...conditions, repetition: 0 } }
  if (!conditions.isOrdered) yield { ...plan, conditions: { ...conditions, isOrdered: true } }
  if (conditions.meanDelayMs > 1) yield { ...plan, conditions: { ...conditions, meanDelayMs: 1 } }
  if (clockSkew > 0) yield { ...plan, clockSkew: 0 }
  if (diskMs > 1) yield { ...plan, diskMs: 1 }
}

function* withoutFaults(plan: Plan): Iterable<Plan> {
  for (const faults of eachLeftOut<PlannedFault>(plan.faults)) yield { ...plan, faults }
}

function* withoutClients(plan: Plan): Iterable<Plan> {
  if (plan.clients.length === 1) return
  for (const clients of eachLeftOut<PlannedClient>(plan.clients)) yield { ...plan, clients }
}

function* withFewerOperations(plan: Plan): Iterable<Plan> {
  for (const [at, client] of plan.clients.entries()) {
    if (client.operations === 1) continue
    for (const operations of [Math.ceil(client.operations / 2), client.operations - 1]) {
      yield { ...plan, clients: plan.clients.with(at, { ...client, operations }) }
    }
  }
}

function* withShorterFaults(plan: Plan): Iterable<Plan> {
  for (const [at, fault] of plan.faults.entries()) {
    if (fault.forMs < 200) continue
    const forMs = Math.round(fault.forMs / 2)
    yield { ...plan, faults: plan.faults.with(at, { ...fault, forMs }) }
  }
}

function* withShorterTime(plan: Plan): Iterable<Plan> {
  if (plan.safetyMs > 1_000) yield { ...plan, safetyMs: Math.round(plan.safetyMs * 0.7) }
}

function* eachLeftOut<T>(all: readonly T[]): Iterable<readonly T[]> {
  if (all.length > 3) {
    yield all.slice(0, all.length / 2)
    yield all.slice(all.length / 2)
  }
  for (const at of all.keys()) yield all.toSpliced(at, 1)
}
