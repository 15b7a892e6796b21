/**
 * Registers (Jepsen: register; etcd: robustness traffic): reads, writes, compare-and-swap and deletes
 * of a few keys, with values that nobody else writes. Clients that stay with one member, so that each
 * member is asked whatever becomes of it, and clients that go where it works.
 *
 * The keys change every now and then, because the search for a linearization is only fast on short
 * histories.
 */

import { setTimeout as delay } from 'node:timers/promises'
import type { KeyValue, KvInput, KvOutput, Outcome } from '@holdfast/testkit'
import { nowMs } from '../recorder.js'
import { RecordingKv } from '../recording-kv.js'
import { isEnding, type Workload, type WorkloadContext } from '../workload.js'

const KEYS = 3
const EPOCH_MS = 1_500
const ROAMING_CLIENTS = 2
/** Shorter than most faults, so that operations of unknown outcome are frequent. */
const TIMEOUT_MS = 1_000
const MEAN_PAUSE_MS = 12

export const registers: Workload = {
  name: 'registers',
  run: async (context) => {
    const settled = context.endpoints.map((_, member) => context.connectOnly(member))
    const roaming = Array.from({ length: ROAMING_CLIENTS }, (_, first) => context.connect(first))
    const clients = [...settled, ...roaming].map((holdfast, index) => {
      const name = `register${index}`
      const kv = new RecordingKv({
        ...{ holdfast, name, timeoutMs: TIMEOUT_MS },
        recorder: context.recorder,
      })
      return new RegisterClient(context, kv, context.random(name)).run()
    })
    await Promise.all(clients)
  },
}

class RegisterClient {
  readonly #context: WorkloadContext
  readonly #kv: RecordingKv
  readonly #random: () => number
  /** What it saw last of each key, to compare with. */
  readonly #seen = new Map<string, KeyValue | undefined>()

  constructor(context: WorkloadContext, kv: RecordingKv, random: () => number) {
    this.#context = context
    this.#kv = kv
    this.#random = random
  }

  async run(): Promise<void> {
    while (!isEnding(this.#context)) {
      const input = this.#draw()
      const outcome = await this.#kv.run(input)
      this.#remember(outcome)
      await delay(2 * MEAN_PAUSE_MS * this.#random())
    }
  }

  #draw(): KvInput {
    const epoch = Math.floor((nowMs() - this.#context.startMs) / EPOCH_MS)
    const key = `register/${epoch}/${Math.floor(this.#random() * KEYS)}`
    const choice = this.#random()
    if (choice < 0.45) return { type: 'range', key }
    if (choice < 0.65)
      return { type: 'put', key, value: this.#kv.uniqueValue(), prevKv: choice < 0.55 }
    if (choice < 0.75) return { type: 'deleteRange', key, prevKv: true }
    return this.#swap(key)
  }

  #swap(key: string): KvInput {
    const operand = this.#seen.get(key)?.modRevision ?? 0
    return {
      type: 'txn',
      compares: [{ key, target: 'mod', result: 'equal', operand }],
      success: [{ type: 'put', key, value: this.#kv.uniqueValue() }],
      failure: [{ type: 'range', key }],
    }
  }

  #remember(outcome: Outcome<KvOutput>): void {
    if (outcome.type !== 'ok') return
    const { response } = outcome.output
    const read = response.type === 'txn' ? response.responses[0] : response
    if (read?.type !== 'range') return
    const [kv] = read.kvs
    if (kv !== undefined) this.#seen.set(kv.key, kv)
  }
}
