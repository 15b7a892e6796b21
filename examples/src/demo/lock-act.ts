/** Eight processes take one lock in turn while the coordinators' leader is killed. */

import type { Checks } from './checks.js'
import { say, title, waitFor } from './print.js'
import type { Stage } from './stage.js'
import type { Worker, WorkerEvent } from './worker.js'

const WORKERS = 8
const GRANTS = 60
const KILL_AT = 15

interface Held {
  readonly token: number
  readonly fromNs: bigint
  untilNs: bigint | undefined
}

export async function lockAct({ cluster, workers, checks, ending }: Stage): Promise<void> {
  title(`${WORKERS} processes, one lock; the leader is killed with -9 in the middle`)
  console.log(
    'A token is a revision of the store; releasing makes one too, so tokens skip numbers.\n',
  )
  const held: Held[] = []
  const until = new Milestones()
  const onEvent = ({ name }: Worker, { event, atNs, token = 0 }: WorkerEvent): void => {
    if (event === 'granted') {
      held.push({ token, fromNs: atNs, untilNs: undefined })
      say(name, `holds the lock, token ${token}`)
      until.reached(held.length)
      return
    }
    const hold = held.find((one) => one.token === token)
    if (hold !== undefined) hold.untilNs = atNs
    if (event === 'lost') say(name, `was told that it lost the lock, token ${token}`)
  }
  const contenders = Array.from({ length: WORKERS }, (_, index) =>
    workers.start({
      name: `worker-${index + 1}`,
      program: './lock-worker.js',
      endpoints: cluster.endpoints,
      onEvent,
    }),
  )
  await waitFor('the first grants', until.at(KILL_AT))
  const leader = await cluster.leader()
  await leader.kill()
  say(leader.name, 'the leader, was killed with -9')
  const next = await waitFor('a new leader', cluster.leader())
  say(next.name, 'leads now')
  await waitFor('the lock to go round', until.at(GRANTS))
  ending.throwIfAborted()
  leader.start()
  const endedWell = await Promise.all(contenders.map((worker) => worker.end()))
  await waitFor(`${leader.name} to catch up`, cluster.healthy(leader))
  say(leader.name, 'is back and has caught up')
  checkHolds(held, checks)
  const left = endedWell.filter(Boolean).length
  checks.add(
    'every client outlived the kill without an error',
    left === WORKERS,
    `${left} of ${WORKERS}`,
  )
}

function checkHolds(held: readonly Held[], checks: Checks): void {
  const inOrder = [...held].sort((a, b) => (a.fromNs < b.fromNs ? -1 : 1))
  const pairs = inOrder.slice(1).map((hold, index) => [inOrder[index] ?? hold, hold] as const)
  const overlaps = pairs.filter(
    ([before, hold]) => hold.fromNs < (before.untilNs ?? hold.fromNs + 1n),
  )
  const inversions = pairs.filter(([before, hold]) => hold.token <= before.token)
  checks.add(
    'no two processes held the lock at once',
    overlaps.length === 0,
    `${held.length} holds`,
  )
  checks.add(
    'tokens strictly increase: grants are in the order of arrival',
    inversions.length === 0,
    `${inOrder[0]?.token ?? 0} to ${inOrder.at(-1)?.token ?? 0}`,
  )
}

/** Lets the act wait for the n-th grant. */
class Milestones {
  #count = 0
  #waiting: { readonly count: number; readonly resolve: () => void }[] = []

  reached(count: number): void {
    this.#count = count
    for (const waiting of this.#waiting) if (waiting.count <= count) waiting.resolve()
    this.#waiting = this.#waiting.filter((waiting) => waiting.count > count)
  }

  at(count: number): Promise<void> {
    if (this.#count >= count) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ count, resolve }))
  }
}
