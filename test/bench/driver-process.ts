/**
 * The entry of a driver's process: `driver-process.js <driver> <endpoint> ...`. It measures one cell
 * for each line on standard input, see driver-protocol.ts, and ends when there is no more.
 */

import { createInterface } from 'node:readline'
import type { CellRequest, DriverEvent } from './driver-protocol.js'
import type { Driver, OpenDriver } from './drivers/driver.js'
import { openEtcd3 } from './drivers/etcd3.js'
import { openRedlock } from './drivers/redlock.js'
import { openSdk } from './drivers/sdk.js'
import { openWire } from './drivers/wire.js'
import { measure, messageOf } from './measure.js'

const drivers: Readonly<Record<string, OpenDriver>> = {
  sdk: openSdk,
  wire: openWire,
  etcd3: openEtcd3,
  redlock: openRedlock,
}

function emit(event: DriverEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`)
}

async function runCell(driver: Driver, request: CellRequest): Promise<void> {
  const { workload, inFlight } = request
  const operation = driver.operations[workload]
  if (operation === undefined) throw new Error(`this driver does not offer ${workload}`)
  const put = driver.operations.put
  if (workload === 'get' && put !== undefined) {
    await Promise.all(Array.from({ length: inFlight }, (_, worker) => put(worker)))
  }
  const figures = await measure(operation, request, {
    warm: () => emit({ event: 'warm' }),
    ended: () => emit({ event: 'ended' }),
  })
  emit({ event: 'measured', figures })
}

const [name = '', ...endpoints] = process.argv.slice(2)
const open = drivers[name]
if (open === undefined) throw new Error(`there is no driver "${name}"`)
const driver = await open(endpoints)
emit({ event: 'ready' })
for await (const line of createInterface({ input: process.stdin })) {
  try {
    await runCell(driver, JSON.parse(line) as CellRequest)
  } catch (error) {
    emit({ event: 'failed', message: messageOf(error) })
  }
}
await driver.close()
process.exit(0)
