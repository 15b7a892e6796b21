/** The client processes of a run: started, killed and replaced, until their work is done. */

import { requestIdHeader } from '@holdfast/protocol'
import type { Chance } from './chance.js'
import type { ClientProcess } from './client-process.js'
import type { Host } from './host.js'
import type { PlannedClient } from './plan.js'
import type { RunRecords } from './run-records.js'
import type { SimulatedCluster } from './simulated-cluster.js'
import { workloads } from './workloads/workloads.js'

/** From less than most faults last, so that outcomes are often unknown, to the default. */
const ATTEMPT_TIMEOUTS_MS = [200, 500, 4_000]
/** Of all attempts together. */
const REQUEST_TIMEOUTS_MS = [800, 3_000, 15_000]

interface Running {
  readonly plan: PlannedClient
  readonly process: ClientProcess
  readonly beganMs: number
}

export interface FleetOptions {
  readonly cluster: SimulatedCluster
  readonly records: RunRecords
  readonly sessionTtlSeconds: number
}

export class ClientFleet {
  readonly #options: FleetOptions
  readonly #running = new Set<Running>()
  /** Processes so far that do the work of each planned client. */
  readonly #started = new Map<string, number>()
  #isToEnd = false
  /** Whose work is to be taken up by another process. */
  #waiting = 0

  constructor(options: FleetOptions) {
    this.#options = options
  }

  /** Of the processes that run. */
  get hosts(): readonly Host[] {
    return [...this.#running].map(({ process }) => process.host)
  }

  get isDone(): boolean {
    return this.#running.size === 0 && this.#waiting === 0
  }

  /** Names of those that are not done. */
  get unfinished(): readonly string[] {
    return [...this.#running].map(({ process }) => process.name)
  }

  start(plan: PlannedClient): void {
    const { cluster, records, sessionTtlSeconds } = this.#options
    const number = (this.#started.get(plan.name) ?? 0) + 1
    this.#started.set(plan.name, number)
    const name = `${plan.name}.${number}`
    const chance = cluster.world.chance.stream('work', name)
    const attemptTimeoutMs = chance.pick(ATTEMPT_TIMEOUTS_MS)
    let lastWriteId: string | undefined
    const { host, client, transport } = cluster.client(
      name,
      { sessionTtlSeconds, attemptTimeoutMs, requestTimeoutMs: chance.pick(REQUEST_TIMEOUTS_MS) },
      {
        onSend: ({ headers }) => (lastWriteId = headers[requestIdHeader] ?? lastWriteId),
        onAnswer: (path, body, sentMs) => records.sessions.answered(path, body, sentMs),
      },
    )
    const process: ClientProcess = {
      ...{ name, host, client, transport, records, chance, endpoints: cluster.endpoints },
      lastWriteId: () => lastWriteId,
      isToEnd: () => this.#isToEnd,
      pause: (delayMs) => new Promise((resolve) => host.clock.after(delayMs, resolve)),
    }
    const running: Running = { plan, process, beganMs: cluster.world.nowMs }
    this.#running.add(running)
    const work = async (): Promise<void> => {
      await workloads[plan.workload](process, plan.operations)
      await client.close()
    }
    work().then(
      () => this.#running.delete(running),
      (error: unknown) => {
        if (host.isAlive) cluster.world.fail(error)
      },
    )
  }

  /** What is under way is finished, and nothing else begun. */
  end(): void {
    this.#isToEnd = true
  }

  /** Kills one. What it returns starts another in its place. */
  crashOne(chance: Chance): () => void {
    const running = [...this.#running]
    if (running.length === 0) return () => undefined
    const victim = chance.pick(running)
    victim.process.host.kill()
    this.#running.delete(victim)
    this.#waiting += 1
    return () => {
      this.#waiting -= 1
      this.start({ ...victim.plan, operations: Math.ceil(victim.plan.operations / 2) })
    }
  }
}
