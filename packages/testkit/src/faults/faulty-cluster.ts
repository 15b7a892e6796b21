/** A cluster of processes whose members, and whose clients, reach them over a network with faults. */

import { startProcessCluster, type ProcessCluster } from '../process-cluster.js'
import type { ProcessClusterOptions } from '../process-cluster.js'
import type { FaultyNetwork } from './faulty-network.js'
import { MemberNetwork } from './member-network.js'

export interface FaultyCluster {
  /** Asks its members on their own ports, whatever the network does. */
  readonly cluster: ProcessCluster
  readonly network: FaultyNetwork
  close(): Promise<void>
}

/** Members cannot be added to it: a link is laid for each pair at the start. */
export async function startFaultyCluster(options: ProcessClusterOptions): Promise<FaultyCluster> {
  let laid: MemberNetwork | undefined
  const networkOf = (): MemberNetwork => {
    if (laid === undefined) throw new Error('the network is laid before the members start')
    return laid
  }
  try {
    const cluster = await startProcessCluster({
      ...options,
      prepare: async (specs) => {
        laid = await MemberNetwork.between(specs)
      },
      memberCommand: (spec) => networkOf().route(spec, options.memberCommand(spec)),
    })
    const network = networkOf()
    const close = async (): Promise<void> => {
      await cluster.close()
      await network.close()
    }
    return { cluster, network, close }
  } catch (error) {
    await laid?.close()
    throw error
  }
}
