/** Carries out the faults of a plan, and ends those that are still there when all is to be well. */

import type { Chance } from './chance.js'
import type { ClientFleet } from './client-fleet.js'
import type { CrashPoints } from './faults/crash-points.js'
import { faults } from './faults/faults.js'
import type { PlannedFault } from './plan.js'
import type { SimulatedCluster } from './simulated-cluster.js'

export interface NemesisOptions {
  readonly cluster: SimulatedCluster
  readonly clients: ClientFleet
  readonly crashPoints: CrashPoints
  readonly chance: Chance
}

export class Nemesis {
  readonly #options: NemesisOptions
  readonly #present = new Set<() => void>()

  constructor(options: NemesisOptions) {
    this.#options = options
  }

  schedule(planned: readonly PlannedFault[]): void {
    const { world } = this.#options.cluster
    for (const fault of planned) world.after(fault.atMs, () => this.#begin(fault))
  }

  /** Everything that is broken is mended. */
  end(): void {
    for (const end of [...this.#present]) end()
    const { cluster, clients } = this.#options
    cluster.links.heal()
    for (const member of cluster.members) {
      member.disk.drive.mend()
      member.host?.resume()
      member.start()
    }
    for (const host of clients.hosts) host.resume()
  }

  #begin({ kind, forMs, draw }: PlannedFault): void {
    const { cluster, clients, crashPoints, chance } = this.#options
    const { world } = cluster
    world.record(`${kind} begins`)
    const stop = faults[kind]({ cluster, clients, crashPoints, chance: chance.stream(draw) })
    const end = (): void => {
      if (!this.#present.delete(end)) return
      world.record(`${kind} ends`)
      stop()
    }
    this.#present.add(end)
    world.after(forMs, end)
  }
}
