/**
 * The rows of the tables: who is measured, through which client, and in which order. A row that cannot
 * be measured on this machine stays in the line-up with the reason, and the tables show it.
 */

import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Contestant } from './contestants/contestant.js'
import { etcd } from './contestants/etcd.js'
import { holdfast } from './contestants/holdfast.js'
import { redis } from './contestants/redis.js'
import type { DriverCommand } from './driver-client.js'
import { buildGoDriver, missingForGoDriver } from './etcd-go-build.js'
import { workloads, type Workload } from './workloads.js'

export interface Row {
  readonly id: string
  readonly name: string
  readonly contestant: Contestant
  readonly workloads: readonly Workload[]
  /** How many CPUs the client can use at once: JavaScript runs on one. */
  readonly clientCpus: number
  readonly driver: DriverSource
}

/** The row that every other is divided by. */
export const BASELINE = 'etcd-go'

interface DriverSource {
  missing(): string | undefined
  /** What starts it, given the servers to drive. May build it first, in this directory. */
  prepare(directory: string): (endpoints: readonly string[]) => DriverCommand
}

/** Starts one of the drivers of driver-process.ts. */
export function nodeDriver(driver: string, endpoints: readonly string[]): DriverCommand {
  const program = fileURLToPath(new URL('driver-process.js', import.meta.url))
  return { command: process.execPath, args: [program, driver, ...endpoints] }
}

const nodeRow = (driver: string): Pick<Row, 'clientCpus' | 'driver' | 'workloads'> => ({
  workloads,
  clientCpus: 1,
  driver: {
    missing: () => undefined,
    prepare: () => (endpoints) => nodeDriver(driver, endpoints),
  },
})

const goRow: Pick<Row, 'clientCpus' | 'driver' | 'workloads'> = {
  workloads,
  clientCpus: availableParallelism(),
  driver: {
    missing: missingForGoDriver,
    prepare: (directory) => {
      const command = buildGoDriver(directory)
      return (endpoints) => ({ command, args: endpoints })
    },
  },
}

export const lineup: readonly Row[] = [
  { id: 'holdfast-sdk', name: 'Holdfast, its SDK', contestant: holdfast, ...nodeRow('sdk') },
  { id: 'holdfast-wire', name: 'Holdfast, undici', contestant: holdfast, ...nodeRow('wire') },
  { id: BASELINE, name: 'etcd, Go client', contestant: etcd, ...goRow },
  { id: 'etcd-etcd3', name: 'etcd, npm etcd3', contestant: etcd, ...nodeRow('etcd3') },
  { id: 'etcd-sdk', name: 'etcd, our SDK', contestant: etcd, ...nodeRow('sdk') },
  { id: 'etcd-wire', name: 'etcd, undici', contestant: etcd, ...nodeRow('wire') },
  {
    id: 'redis-redlock',
    name: 'Redis, npm redlock',
    contestant: redis,
    ...nodeRow('redlock'),
    workloads: ['lock'],
  },
]

/** `--only etcd` takes every row of etcd, `--only etcd-go` that one. */
export function rowsNamed(names: readonly string[]): readonly Row[] {
  return lineup.filter(({ id }) => names.some((name) => id === name || id.startsWith(`${name}-`)))
}
