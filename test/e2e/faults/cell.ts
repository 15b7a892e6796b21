/**
 * One cell of the test: a fresh cluster, some workloads, a schedule of faults; then everything is
 * healed, waited for and judged.
 */

import { serveCommand, startFaultyCluster, startPacketCluster } from '@holdfast/testkit'
import type { CellPlan, CellResult } from './cell-plan.js'
import { MemberDisks } from './member-disks.js'
import { Scene } from './scene.js'

export async function runCell(plan: CellPlan): Promise<CellResult> {
  const { members, network, heartbeatIntervalMs, electionTimeoutMs } = plan
  const flags = [
    ...['--heartbeat-interval-ms', String(heartbeatIntervalMs)],
    ...['--election-timeout-ms', String(electionTimeoutMs)],
  ]
  const disks = await MemberDisks.for(plan.schedule)
  const memberCommand = disks.below(serveCommand(import.meta.url, flags))
  try {
    const start = network === 'packets' ? startPacketCluster : startFaultyCluster
    const faulty = await start({ size: members, memberCommand })
    const scene = new Scene(plan, faulty, disks.byName)
    try {
      return await scene.play()
    } finally {
      await scene.close()
      await faulty.close()
    }
  } finally {
    disks.close()
  }
}
