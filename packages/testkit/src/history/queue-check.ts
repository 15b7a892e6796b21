/**
 * Queues as producers and consumers saw them (catalogue 84 and 85; Jepsen: total-queue). What was
 * pushed is delivered until it is acknowledged, and then never again; nothing is lost, invented or
 * there twice; no item is in two hands at once; one consumer gets items in their order.
 *
 * Trusted: the clock of the history, that a delivery's record ends before its consumer lets go
 * of the claim, and that `remaining` and `dead` were read after all clients had ended. Not judged:
 * items that were moved back from the dead letters.
 */

import { groupedBy } from './grouped-by.js'
import { wrongOrders } from './queue-order.js'
import type { DeliveryRecord, PushRecord, QueueHistory, QueueViolation } from './queue-record.js'
import { violation } from './violation.js'

export function checkQueue(history: QueueHistory): readonly QueueViolation[] {
  return [...new QueueCheck(history).run(), ...wrongOrders(history)]
}

class QueueCheck {
  readonly #history: QueueHistory
  readonly #pushes: ReadonlyMap<string, readonly PushRecord[]>
  readonly #deliveries: ReadonlyMap<string, readonly DeliveryRecord[]>
  readonly #found: QueueViolation[] = []

  constructor(history: QueueHistory) {
    this.#history = history
    this.#pushes = groupedBy(history.pushes, ({ input }) => input.item)
    const inTime = [...history.deliveries].sort((a, b) => a.deliveredMs - b.deliveredMs)
    this.#deliveries = groupedBy(inTime, ({ item }) => item)
  }

  run(): readonly QueueViolation[] {
    const { remaining, dead } = this.#history
    const left = groupedBy([...remaining, ...dead], (item) => item)
    const items = new Set([...this.#pushes.keys(), ...this.#deliveries.keys(), ...left.keys()])
    for (const item of items) {
      const pushes = this.#pushes.get(item) ?? []
      const deliveries = this.#deliveries.get(item) ?? []
      const count = left.get(item)?.length ?? 0
      this.#checkOrigin(item, pushes, deliveries, count > 0)
      this.#checkEnd(item, count, [...pushes, ...deliveries])
      this.#checkClaims(deliveries)
    }
    return this.#found
  }

  #checkOrigin(
    item: string,
    pushes: readonly PushRecord[],
    deliveries: readonly DeliveryRecord[],
    isLeft: boolean,
  ): void {
    const effective = pushes.filter(({ outcome }) => outcome.type !== 'failed')
    if (effective.length === 0) {
      if (deliveries.length === 0 && !isLeft) return
      this.#report('itemFromNowhere', `nobody pushed ${item}`, ...pushes, ...deliveries)
      return
    }
    const first = Math.min(...effective.map(({ startMs }) => startMs))
    const early = deliveries.filter(({ deliveredMs }) => deliveredMs < first)
    if (early.length > 0) {
      this.#report('deliveredBeforePush', `${item} came too early`, ...effective, ...early)
    }
  }

  #checkEnd(item: string, count: number, records: QueueViolation['records']): void {
    if (count > 1) {
      this.#report('duplicateItem', `${item} is there ${count} times at the end`, ...records)
    }
    const acknowledged = records.filter((r) => r.kind === 'delivery' && r.acknowledged === 'ok')
    if (acknowledged.length > 0 && count > 0) {
      this.#report('thereAfterAcknowledgement', `${item} is still there`, ...acknowledged)
    }
    const mayBeGone = records.some(
      (r) => r.kind === 'delivery' && (r.acknowledged === 'ok' || r.acknowledged === 'unknown'),
    )
    const wasThere = records.some((r) => r.kind === 'delivery' || r.outcome.type === 'ok')
    if (wasThere && !mayBeGone && count === 0) {
      this.#report('lostItem', `${item} is gone, and nobody acknowledged it`, ...records)
    }
  }

  /** In the order of time. */
  #checkClaims(deliveries: readonly DeliveryRecord[]): void {
    let latest: DeliveryRecord | undefined
    let before: DeliveryRecord | undefined
    let done: DeliveryRecord | undefined
    for (const delivery of deliveries) {
      const { item, deliveredMs, attempt } = delivery
      if (latest !== undefined && deliveredMs < endOf(latest)) {
        this.#report('doubleClaim', `${item} is in two hands at once`, latest, delivery)
      }
      if (done !== undefined && deliveredMs > endOf(done)) {
        this.#report('deliveredAfterAcknowledgement', `${item} came again`, done, delivery)
      }
      if (before !== undefined && attempt <= before.attempt) {
        this.#report('attemptNotCounted', `${item} came again as ${attempt}`, before, delivery)
      }
      if (latest === undefined || endOf(delivery) > endOf(latest)) latest = delivery
      if (delivery.acknowledged === 'ok') done ??= delivery
      before = delivery
    }
  }

  #report(kind: QueueViolation['kind'], what: string, ...records: QueueViolation['records']): void {
    this.#found.push(violation(kind, `${what}:`, ...records))
  }
}

function endOf({ deliveredMs, endedMs = deliveredMs }: DeliveryRecord): number {
  return endedMs
}
