/** A client on a cluster in memory, and the clock of both. */

import { compose, type Holdfast } from '../client.js'
import { resolveConfig, type ConnectOptions } from '../config.js'
import { Core } from '../core.js'
import { ownProcess } from '../lock/holder.js'
import { Rpc } from '../rpc/rpc.js'
import { Sessions } from '../session/sessions.js'
import { FakeEtcd } from './fake-etcd.test-support.js'
import { ManualClock } from './manual-clock.test-support.js'

export const ENDPOINTS = ['http://a', 'http://b', 'http://c']

export interface Bench {
  readonly clock: ManualClock
  readonly etcd: FakeEtcd
  readonly core: Core
  /** Another client of the same cluster. */
  client(): Holdfast
}

export function bench(options: Partial<ConnectOptions> = {}): Bench {
  const clock = new ManualClock()
  clock.chance = 0
  const etcd = new FakeEtcd()
  const config = resolveConfig({ endpoints: ENDPOINTS, ...options })
  const rpc = new Rpc(config, etcd, clock)
  const sessions = new Sessions(rpc, config.sessionTtlSeconds)
  const core = new Core({ rpc, sessions, config, self: ownProcess() })
  return { clock, etcd, core, client: () => compose(config, etcd, clock) }
}
