/**
 * A contender for a lock or an election, as a process of its own, which can be stopped: takes its turn
 * again and again, writes under its fencing token while it has it, and prints what it did, one record a
 * line. Ends in order when its standard input ends.
 *
 *   node contender-program.js '{"kind":"lock",…}'
 */

import { setTimeout as delay } from 'node:timers/promises'
import { connect, type Holdfast, type WaitOptions } from '@holdfast/client'
import type { ContenderRecord } from '@holdfast/testkit'
import { seededRandom } from '../seeded-random.js'
import { guardedKey } from './guarded-key.js'
import { nowMs, Recorder, type HistoryRecord } from './recorder.js'
import { RecordingKv } from './recording-kv.js'

export interface ContenderTask {
  readonly kind: 'lock' | 'election'
  readonly name: string
  readonly process: string
  readonly endpoints: readonly string[]
  readonly sessionTtlSeconds: number
  readonly seed: number
}

/** A held lock and a leadership are the same thing here. */
interface Turn {
  readonly key: string
  readonly fencingToken: number
  assertHeld(): void
  end(): Promise<void>
}

const MAX_WRITES = 3
const WRITE_TIMEOUT_MS = 1_500
const PAUSE_MS = 20

/** What is recorded is printed, so that nothing is lost with this process. */
class PrintingRecorder extends Recorder {
  override add(record: HistoryRecord): void {
    console.log(JSON.stringify(record))
  }
}

class Contender {
  readonly #task: ContenderTask
  readonly #holdfast: Holdfast
  readonly #recorder = new PrintingRecorder()
  readonly #kv: RecordingKv
  readonly #random: () => number

  constructor(task: ContenderTask, holdfast: Holdfast) {
    this.#task = task
    this.#holdfast = holdfast
    this.#random = seededRandom(task.seed)
    this.#kv = new RecordingKv({
      ...{ holdfast, recorder: this.#recorder, name: `${task.process}-writes` },
      timeoutMs: WRITE_TIMEOUT_MS,
    })
  }

  async takeTurn(ending: AbortSignal): Promise<void> {
    const { name, process } = this.#task
    const asked = { kind: 'contender', process, name, requestedMs: nowMs() } as const
    try {
      const turn = await this.#acquire({ signal: ending })
      const { fencingToken: token } = turn
      const span = await this.#act(turn)
      this.#recorder.add({ ...asked, token, createRevision: token, ...span })
      await turn.end()
    } catch (error) {
      this.#recorder.add({ ...asked, endedMs: nowMs() })
      if (!ending.aborted) console.error(`${process}: ${String(error)}`)
    }
  }

  async #acquire(options: WaitOptions): Promise<Turn> {
    const { kind, name } = this.#task
    if (kind === 'lock') {
      const lock = await this.#holdfast.lock(name).acquire(options)
      const { key, fencingToken, assertHeld, release } = lock
      return { key, fencingToken, assertHeld, end: release }
    }
    const leadership = await this.#holdfast.election(name).campaign(undefined, options)
    const { key, fencingToken, assertHeld, resign } = leadership
    return { key, fencingToken, assertHeld, end: resign }
  }

  /**
   * The turn lasts from the first to the last moment at which the SDK vouched for it. Of a process that
   * was stopped in between nothing else can be said.
   */
  async #act(turn: Turn): Promise<Pick<ContenderRecord, 'grantedMs' | 'endedMs' | 'lost'>> {
    let grantedMs: number | undefined
    let endedMs = nowMs()
    try {
      for (let left = Math.floor(this.#random() * (MAX_WRITES + 1)); left >= 0; left -= 1) {
        const beforeMs = nowMs()
        turn.assertHeld()
        grantedMs ??= beforeMs
        endedMs = beforeMs
        if (left > 0) await this.#write(turn)
      }
      return { grantedMs: grantedMs ?? endedMs, endedMs }
    } catch {
      return { ...(grantedMs === undefined ? {} : { grantedMs }), endedMs, lost: true }
    }
  }

  async #write({ key, fencingToken }: Turn): Promise<void> {
    await this.#kv.run({
      type: 'txn',
      compares: [{ key, target: 'create', result: 'equal', operand: fencingToken }],
      success: [{ type: 'put', key: guardedKey(this.#task.name), value: String(fencingToken) }],
      failure: [],
    })
    await delay(this.#random() * PAUSE_MS)
  }
}

async function run(task: ContenderTask): Promise<void> {
  const { endpoints, sessionTtlSeconds, process: label } = task
  const holdfast = connect({ endpoints, sessionTtlSeconds, label, attemptTimeoutMs: 1_000 })
  const ending = new AbortController()
  process.stdin.resume()
  process.stdin.once('end', () => ending.abort())
  process.on('unhandledRejection', (reason) => {
    console.error('unhandled rejection', reason)
    process.exit(70)
  })
  const contender = new Contender(task, holdfast)
  /** Asked anew each time: it changes while the contender waits. */
  const isEnding = (): boolean => ending.signal.aborted
  while (!isEnding()) await contender.takeTurn(ending.signal)
  await holdfast.close()
  process.stdin.destroy()
}

const [task] = process.argv.slice(2)
if (task !== undefined) await run(JSON.parse(task) as ContenderTask)
