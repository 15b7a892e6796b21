/**
 * Queues (catalogue 84 and 85; Jepsen: total-queue): items that nobody else pushes, of several
 * priorities, taken by consumers that acknowledge most and give some back. When the producers have
 * ended, the consumers go on until nothing is left, so that what was pushed must have come out.
 */

import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError, type Message, type Queue } from '@holdfast/client'
import type { DeliveryRecord } from '@holdfast/testkit'
import { nowMs } from '../recorder.js'
import { isEnding, type Workload, type WorkloadContext } from '../workload.js'

export const QUEUE = 'queue/work'

const PRODUCERS = 2
const CONSUMERS = 2
const MEAN_PAUSE_MS = 30
const PUSH_TIMEOUT_MS = 1_500
const PRIORITIES = 3
const GIVEN_BACK = 0.1
/** Producers wait while more than this is in the queue, so that emptying it never takes long. */
const MAX_OPEN = 20
/** An item is never given up because of faults. */
const OPTIONS = { maxAttempts: 1_000 }
/** How often a consumer asks again whether its acknowledgement has come through. */
const ACK_ATTEMPTS = 3

/** How many items are in the queue, as far as their producers and consumers know. */
interface Backlog {
  open: number
}

export const queues: Workload = {
  name: 'queues',
  run: async (context) => {
    const pushed = new AbortController()
    const backlog: Backlog = { open: 0 }
    const queueOf = (client: number): Queue<string> =>
      context.connect(client).queue<string>(QUEUE, OPTIONS)
    const consumers = Array.from({ length: CONSUMERS }, (_, index) =>
      new QueueConsumer({ context, queue: queueOf(index), name: `consumer${index}`, backlog }).run(
        pushed.signal,
      ),
    )
    const producers = Array.from({ length: PRODUCERS }, (_, index) =>
      produce({ context, queue: queueOf(index), name: `producer${index}`, backlog }),
    )
    await Promise.all(producers)
    pushed.abort()
    await Promise.all(consumers)
  },
}

interface Role {
  readonly context: WorkloadContext
  readonly queue: Queue<string>
  readonly name: string
  readonly backlog: Backlog
}

async function produce({ context, queue, name, backlog }: Role): Promise<void> {
  const { recorder } = context
  const random = context.random(name)
  for (let count = 1; !isEnding(context); count += 1) {
    while (backlog.open >= MAX_OPEN && !isEnding(context)) await delay(MEAN_PAUSE_MS)
    const item = `${name}-${count}`
    const priority = Math.floor(random() * PRIORITIES)
    const startMs = nowMs()
    const outcome = await recorder.track(async () => {
      await queue.push(item, { priority, timeoutMs: PUSH_TIMEOUT_MS })
      return {}
    })
    // One that is not known to have ended may still come; the next is another client's.
    const process = `${name}.${count}`
    const input = { item, priority }
    if (outcome.type === 'ok') backlog.open += 1
    recorder.add({ kind: 'push', process, startMs, endMs: nowMs(), input, outcome })
    await delay(2 * MEAN_PAUSE_MS * random())
  }
}

class QueueConsumer {
  readonly #role: Role
  readonly #random: () => number

  constructor(role: Role) {
    this.#role = role
    this.#random = role.context.random(role.name)
  }

  /** Until nothing is left after everything has been pushed. */
  async run(pushed: AbortSignal): Promise<void> {
    while (!this.#role.context.givenUp.aborted) {
      try {
        for await (const message of this.#role.queue.consume({ timeoutMs: 1_000 })) {
          await this.#take(message)
        }
      } catch (error) {
        if (!(error instanceof HoldfastError)) throw error
        if (pushed.aborted && (await this.#isEmpty())) return
        await delay(MEAN_PAUSE_MS)
      }
    }
  }

  async #take(message: Message<string>): Promise<void> {
    const deliveredMs = nowMs()
    let lostMs: number | undefined
    message.signal.addEventListener('abort', () => (lostMs ??= nowMs()), { once: true })
    // It was not this consumer's any more when it came.
    if (message.signal.aborted) return
    await delay(MEAN_PAUSE_MS * this.#random())
    const delivery = { kind: 'delivery', process: this.#role.name, item: message.value } as const
    const record = (rest: Pick<DeliveryRecord, 'endedMs' | 'acknowledged'>): void =>
      this.#role.context.recorder.add({
        ...delivery,
        attempt: message.attempts,
        deliveredMs,
        ...rest,
      })
    if (this.#random() < GIVEN_BACK) {
      record({ endedMs: lostMs ?? nowMs() })
      await message.nack()
      return
    }
    const acknowledged = await this.#acknowledge(message)
    const endedMs = acknowledged === 'ok' ? nowMs() : (lostMs ?? nowMs())
    if (acknowledged !== 'failed') this.#role.backlog.open -= 1
    record({ endedMs, acknowledged })
    if (acknowledged !== 'ok') await message.nack()
  }

  async #acknowledge(
    message: Message<string>,
  ): Promise<NonNullable<DeliveryRecord['acknowledged']>> {
    let mayHaveBeen = false
    for (let attempt = 1; ; attempt += 1) {
      try {
        await message.ack({ timeoutMs: PUSH_TIMEOUT_MS })
        return 'ok'
      } catch (error) {
        const isDefinite = error instanceof HoldfastError && error.outcome === 'not-applied'
        mayHaveBeen ||= !isDefinite
        const isOver = message.signal.aborted || attempt === ACK_ATTEMPTS
        if (isOver) return mayHaveBeen ? 'unknown' : 'failed'
      }
    }
  }

  async #isEmpty(): Promise<boolean> {
    try {
      const { items, delayed } = await this.#role.queue.stats({ timeoutMs: PUSH_TIMEOUT_MS })
      return items + delayed === 0
    } catch {
      return false
    }
  }
}
