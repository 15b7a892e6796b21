/**
 * Draws the steps of a run from a seed: every request of the wire that two servers can be compared by,
 * most of them valid, many of them odd. Each run prefers some kinds of steps over others (swarm
 * testing), so that what is rare together in one is common in another.
 */

import { NamedChance } from '@holdfast/testkit'
import { badRequests } from '../bad-requests.js'
import { LOCK_LEASES } from '../lock-leases.js'
import { disguised } from './draw.js'
import { drawBig } from './draw-big.js'
import { ContentionDraws } from './draw-contention.js'
import { drawKv } from './draw-kv.js'
import { drawLease, LEASES } from './draw-lease.js'
import { drawMaintenance } from './draw-maintenance.js'
import { WatchDraws } from './draw-watch.js'
import type { Step } from './step.js'

/** Leases that steps mean to stay. */
export const KEPT_LEASES: readonly string[] = [...LEASES, ...LOCK_LEASES]

export function generateSteps(seed: number, count: number): readonly Step[] {
  const chance = new NamedChance(`differential ${seed}`)
  const watches = new WatchDraws(chance.stream('watches'))
  const contention = new ContentionDraws(chance.stream('contention'))
  let big = 0
  const kinds: readonly (readonly [weight: number, draw: () => readonly Step[]])[] = [
    [60 * weight(chance, 'kv'), () => [disguised(chance, drawKv(chance))]],
    [12 * weight(chance, 'lease'), () => [disguised(chance, drawLease(chance))]],
    [8 * weight(chance, 'watch'), () => watches.draw()],
    [5 * weight(chance, 'contention'), () => contention.draw()],
    [3 * weight(chance, 'maintenance'), () => drawMaintenance(chance)],
    [10 * weight(chance, 'bad'), () => [drawBad(chance)]],
    [2, () => [{ do: 'settle' }]],
    [chance.stream('big').happens(0.15) ? 0.3 : 0, () => drawBig(chance, `b${(big += 1)}`)],
    [0.02, () => [{ do: 'expire', lease: '991' }]],
  ]
  const steps: Step[] = LOCK_LEASES.map((ID) => grant(ID))
  while (steps.length < count) steps.push(...pickWeighted(chance, kinds)())
  steps.push(...contention.drawnLeases())
  return steps
}

function grant(ID: string): Step {
  return { do: 'ask', path: '/v3/lease/grant', body: JSON.stringify({ ID, TTL: '600' }) }
}

/** How much a run has of something: often as much as others, sometimes much more, or hardly any. */
function weight(chance: NamedChance, kind: string): number {
  return chance.stream('weight', kind).pick([0.1, 1, 1, 1, 3])
}

function drawBad(chance: NamedChance): Step {
  const [request] = badRequests(() => chance.next(), 1)
  return { do: 'ask', path: request!.path, body: request!.body }
}

function pickWeighted<T>(chance: NamedChance, from: readonly (readonly [number, T])[]): T {
  const total = from.reduce((sum, [share]) => sum + share, 0)
  let at = chance.next() * total
  for (const [share, one] of from) {
    at -= share
    if (at < 0) return one
  }
  return from[0]![1]
}
