/** One client process: the real SDK on a simulated machine. */

import type { ConnectOptions, Holdfast } from '@holdfast/client'
import { compose, resolveConfig, type Clock } from '@holdfast/client/parts'
import { SimulatedClientTransport, type ClientNetworkOptions } from './client-network.js'
import type { Chance } from './chance.js'
import type { Host } from './host.js'

/** When the world began, by every wall clock. */
const WALL_BEGINNING_MS = 1_700_000_000_000

export function createClient(
  host: Host,
  network: ClientNetworkOptions,
  options: ConnectOptions,
): Holdfast {
  const chance = host.world.chance.stream('client', host.name)
  const transport = new SimulatedClientTransport(host, network)
  const self = { host: host.name, pid: 1 }
  return compose(resolveConfig(options), transport, clockOf(host, chance), self)
}

export function clockOf(host: Pick<Host, 'clock' | 'wallMs'>, chance: Chance): Clock {
  const { clock } = host
  return {
    now: () => ({ monotonicMs: clock.nowMs(), wallMs: WALL_BEGINNING_MS + host.wallMs }),
    schedule: (delayMs, action) => clock.after(delayMs, action),
    random: () => chance.next(),
    uniqueId: (length = 21) => chance.text(length),
  }
}
