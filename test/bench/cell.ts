/** One cell, seen from the bench: the driver's figures, and everybody's CPU time at both ends. */

import { cpuSecondsOf, machineTime, type MachineTime } from './cpu.js'
import type { DriverClient } from './driver-client.js'
import type { CellFigures, CellRequest } from './driver-protocol.js'
import type { MeasuredCell } from './result.js'

interface CpuReading {
  readonly client: number | undefined
  readonly servers: number | undefined
  readonly machine: MachineTime
}

export async function measureCell(
  driver: DriverClient,
  serverPids: readonly number[],
  request: CellRequest,
): Promise<MeasuredCell> {
  const read = (): CpuReading => ({
    client: cpuSecondsOf([driver.pid]),
    servers: cpuSecondsOf(serverPids),
    machine: machineTime(),
  })
  let [before, after] = [read(), read()]
  const figures = await driver.measure(request, {
    warm: () => (before = read()),
    ended: () => (after = read()),
  })
  return withCpu(figures, before, after)
}

function withCpu(figures: CellFigures, before: CpuReading, after: CpuReading): MeasuredCell {
  const client = difference(before.client, after.client)
  const servers = difference(before.servers, after.servers)
  const total = after.machine.totalSeconds - before.machine.totalSeconds
  const busy = after.machine.busySeconds - before.machine.busySeconds
  const own = client === undefined || servers === undefined ? undefined : client + servers
  return {
    ...figures,
    opsPerSecond: figures.ops / figures.elapsedSeconds,
    clientCpuMicrosPerOp: perOp(client, figures.ops),
    serverCpuMicrosPerOp: perOp(servers, figures.ops),
    clientCpusBusy: client === undefined ? undefined : client / figures.elapsedSeconds,
    machineBusy: busy / total,
    // The two sources tick apart, so the rest can come out just below nothing.
    othersBusy: own === undefined ? undefined : Math.max(0, busy - own) / total,
  }
}

function difference(before: number | undefined, after: number | undefined): number | undefined {
  return before === undefined || after === undefined ? undefined : after - before
}

function perOp(cpuSeconds: number | undefined, ops: number): number | undefined {
  return cpuSeconds === undefined || ops === 0 ? undefined : (cpuSeconds * 1e6) / ops
}
