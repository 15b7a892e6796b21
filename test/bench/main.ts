/**
 * `npm run bench`: put, get and lock+unlock of ours and of the peers, in turn, in one run. Reads top to
 * bottom: what can take part, the rounds, the report. Progress goes to standard error, the tables to
 * standard output; every server and every byte of data is gone afterwards, even when interrupted.
 */

import { rmSync, writeFileSync } from 'node:fs'
import { temporaryDirectory } from './contestants/contestant.js'
import { formatEvidence } from './evidence-report.js'
import { gatherEvidence } from './evidence.js'
import { BASELINE } from './lineup.js'
import { describeMachine } from './machine.js'
import { messageOf } from './measure.js'
import { BenchOptionsError, parseOptions, usage, type BenchOptions } from './options.js'
import { formatHeading, formatReport, type ReportedRow } from './report.js'
import type { CellResult } from './result.js'
import { runRounds, type ReadyRow } from './rounds.js'
import { summarize } from './summary.js'
import { formatNumber } from './table.js'

const STATUS_INTERRUPTED = 130

async function bench(options: BenchOptions, signal: AbortSignal): Promise<void> {
  const directory = temporaryDirectory('work')
  try {
    const machine = describeMachine(directory)
    console.log(`${formatHeading({ machine, options })}\n`)
    const { ready, reported } = prepareRows(options, directory)
    const results: CellResult[] = []
    const onCell = (result: CellResult): void => {
      results.push(result)
      progress(result, options.rounds)
    }
    await runRounds({ options, rows: ready, signal, onCell })
    const cells = summarize(results, BASELINE)
    console.log(formatReport({ machine, options, rows: reported, cells, baseline: BASELINE }))
    const contestants = [...new Set(ready.map(({ row }) => row.contestant))]
    const evidence = options.evidence ? await gatherEvidence(contestants, options, signal) : []
    if (options.evidence) console.log(`\n${formatEvidence(evidence)}`)
    if (options.json !== undefined) {
      const rows = reported.map(({ row: { id, name }, skipped }) => ({ id, name, skipped }))
      const { rounds, seconds, warmUpSeconds } = options
      const date = new Date().toISOString()
      const content = {
        date,
        machine,
        rounds,
        seconds,
        warmUpSeconds,
        rows,
        cells,
        evidence,
        results,
      }
      writeFileSync(options.json, `${JSON.stringify(content, undefined, 2)}\n`)
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Builds what has to be built, and finds out what is missing. */
function prepareRows(
  { rows }: BenchOptions,
  directory: string,
): { readonly ready: readonly ReadyRow[]; readonly reported: readonly ReportedRow[] } {
  const ready: ReadyRow[] = []
  const reported = rows.map((row): ReportedRow => {
    const skipped = row.contestant.missing() ?? row.driver.missing()
    if (skipped !== undefined) return { row, skipped }
    try {
      ready.push({ row, driverOf: row.driver.prepare(directory) })
      return { row, skipped: undefined }
    } catch (error) {
      return { row, skipped: messageOf(error) }
    }
  })
  return { ready, reported }
}

function progress({ round, row, workload, inFlight, outcome }: CellResult, rounds: number): void {
  const figure =
    'failure' in outcome
      ? `failed: ${outcome.failure}`
      : `${formatNumber(outcome.opsPerSecond)}/s` +
        (outcome.errors > 0 ? `, ${outcome.errors} errors` : '')
  process.stderr.write(`round ${round}/${rounds}  ${row}  ${workload} ${inFlight}  ${figure}\n`)
}

function abortOnSignals(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    // The second one ends the process at once, as it does without this.
    process.once(name, () => controller.abort())
  }
  return controller.signal
}

const signal = abortOnSignals()
try {
  const options = parseOptions(process.argv.slice(2))
  if (options === undefined) console.log(usage)
  else await bench(options, signal)
} catch (error) {
  if (error instanceof BenchOptionsError) console.error(`${error.message}\n\n${usage}`)
  else if (!signal.aborted) throw error
  process.exitCode = signal.aborted ? STATUS_INTERRUPTED : 2
}
