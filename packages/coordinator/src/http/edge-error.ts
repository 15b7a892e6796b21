/** A request that is refused at the edge or by the node, in the words of etcd's wire. */

import type { EtcdError } from '@holdfast/protocol'

export class EdgeError extends Error {
  override readonly name = 'EdgeError'
  readonly wire: EtcdError

  constructor(wire: EtcdError) {
    super(wire.message)
    this.wire = wire
  }
}
