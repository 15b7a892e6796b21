/**
 * The rounds: A B C, A B C, A B C. In each, every contestant is started fresh with empty data, measured
 * through each of its clients, and removed before the next one starts, so that nobody runs beside it
 * and a slow minute of the machine hits one round of everybody rather than all rounds of one.
 */

import { measureCell } from './cell.js'
import type { Contestant } from './contestants/contestant.js'
import { DriverClient, type DriverCommand } from './driver-client.js'
import type { Row } from './lineup.js'
import { messageOf } from './measure.js'
import type { BenchOptions } from './options.js'
import type { CellId, CellResult, MeasuredCell } from './result.js'
import { value } from './workloads.js'

/** A row that takes part: what starts its driver, given the servers to drive. */
export interface ReadyRow {
  readonly row: Row
  readonly driverOf: (endpoints: readonly string[]) => DriverCommand
}

export interface RoundsOptions {
  readonly options: BenchOptions
  readonly rows: readonly ReadyRow[]
  /** Ends the run between two cells. */
  readonly signal: AbortSignal
  readonly onCell: (result: CellResult) => void
}

export async function runRounds(given: RoundsOptions): Promise<void> {
  const contestants = [...new Set(given.rows.map(({ row }) => row.contestant))]
  for (let round = 1; round <= given.options.rounds; round += 1) {
    for (const contestant of contestants) {
      await new ContestantRound(given, round, contestant).run()
    }
  }
}

class ContestantRound {
  readonly #given: RoundsOptions
  readonly #round: number
  readonly #contestant: Contestant

  constructor(given: RoundsOptions, round: number, contestant: Contestant) {
    this.#given = given
    this.#round = round
    this.#contestant = contestant
  }

  async run(): Promise<void> {
    this.#given.signal.throwIfAborted()
    const rows = this.#given.rows.filter(({ row }) => row.contestant === this.#contestant)
    const servers = await this.#contestant.start().catch(messageOf)
    if (typeof servers === 'string') {
      for (const { row } of rows) this.#fail(this.#cellsOf(row), servers)
      return
    }
    try {
      for (const { row, driverOf } of rows) {
        await this.#measureRow(row, driverOf(servers.endpoints), servers.pids)
      }
    } finally {
      await servers.close()
    }
  }

  async #measureRow(row: Row, command: DriverCommand, pids: readonly number[]): Promise<void> {
    let driver: DriverClient | undefined
    try {
      for (const cell of this.#cellsOf(row)) {
        this.#given.signal.throwIfAborted()
        try {
          driver ??= await this.#warmDriver(row, command)
          this.#report(cell, await this.#measure(driver, pids, cell))
        } catch (error) {
          this.#fail([cell], messageOf(error))
          // It may still have operations under way: the next cell gets a new one.
          await driver?.kill()
          driver = undefined
        }
      }
    } finally {
      await driver?.close()
    }
  }

  /**
   * A driver that has done all of its work once, at the highest concurrency: both sides compile while
   * they run, and the first cell must not pay for that. It is the same for everybody.
   */
  async #warmDriver(row: Row, command: DriverCommand): Promise<DriverClient> {
    const { concurrency, workloads, warmUpSeconds: seconds } = this.#given.options
    const inFlight = Math.max(...concurrency)
    const driver = await DriverClient.start(command)
    try {
      for (const workload of workloads.filter((some) => row.workloads.includes(some))) {
        await driver.measure({ workload, inFlight, seconds, warmUpSeconds: 0, value })
      }
      return driver
    } catch (error) {
      await driver.kill()
      throw error
    }
  }

  #measure(driver: DriverClient, pids: readonly number[], cell: CellId): Promise<MeasuredCell> {
    const { seconds, warmUpSeconds } = this.#given.options
    const { workload, inFlight } = cell
    return measureCell(driver, pids, { workload, inFlight, seconds, warmUpSeconds, value })
  }

  #cellsOf(row: Row): readonly CellId[] {
    const { concurrency, workloads } = this.#given.options
    return concurrency.flatMap((inFlight) =>
      workloads
        .filter((workload) => row.workloads.includes(workload))
        .map((workload) => ({ row: row.id, workload, inFlight })),
    )
  }

  #fail(cells: readonly CellId[], failure: string): void {
    for (const cell of cells) this.#report(cell, { failure })
  }

  #report(cell: CellId, outcome: CellResult['outcome']): void {
    this.#given.onCell({ ...cell, round: this.#round, outcome })
  }
}
