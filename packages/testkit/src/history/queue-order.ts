/**
 * The order in which one consumer gets items for the first time: by priority, and within one by the
 * revision at which they came. Which was there first is certain of two items if their revisions say
 * so; a higher priority that came later must go first only if its push was answered before the
 * consumer asked for the message that it got instead.
 *
 * With several consumers, what one is told first says little: it is judged only where all deliveries
 * are to one.
 */

import type { DeliveryRecord, PushRecord, QueueHistory, QueueViolation } from './queue-record.js'

interface FirstDelivery {
  readonly push: PushRecord
  readonly delivery: DeliveryRecord
  readonly priority: number
  readonly revision: number | undefined
}

export function wrongOrders({ pushes, deliveries }: QueueHistory): readonly QueueViolation[] {
  if (new Set(deliveries.map(({ process }) => process)).size > 1) return []
  const found: QueueViolation[] = []
  /** Of each priority, the delivery of the newest item, and the one that was asked for last. */
  const newest = new Map<number, FirstDelivery>()
  const askedLast = new Map<number, FirstDelivery>()
  for (const next of firstDeliveries(pushes, deliveries)) {
    const isWrongBefore = (other: FirstDelivery) =>
      other.priority <= next.priority && (isOlder(next, other) || wasKnownBefore(next, other))
    const other = [...newest.values(), ...askedLast.values()].find(isWrongBefore)
    if (other !== undefined) {
      const records = [other.push, other.delivery, next.push, next.delivery]
      const message = `${other.delivery.item} came before ${next.delivery.item}`
      found.push({ kind: 'wrongOrder', message, records })
    }
    const { priority } = next
    if (isOlder(newest.get(priority), next)) newest.set(priority, next)
    if (askedMs(askedLast.get(priority)) < askedMs(next)) askedLast.set(priority, next)
  }
  return found
}

function firstDeliveries(
  pushes: readonly PushRecord[],
  deliveries: readonly DeliveryRecord[],
): readonly FirstDelivery[] {
  const pushOf = new Map(pushes.map((push) => [push.input.item, push]))
  const firsts = new Map<string, FirstDelivery>()
  for (const delivery of [...deliveries].sort((a, b) => a.deliveredMs - b.deliveredMs)) {
    const push = pushOf.get(delivery.item)
    if (push === undefined || firsts.has(delivery.item)) continue
    const revision = push.outcome.type === 'ok' ? push.outcome.output.revision : undefined
    firsts.set(delivery.item, { push, delivery, priority: push.input.priority ?? 0, revision })
  }
  return [...firsts.values()]
}

/** By revision; the first of all is older than what has none. */
function isOlder(one: FirstDelivery | undefined, other: FirstDelivery): boolean {
  if (other.revision === undefined) return false
  return one === undefined || (one.revision !== undefined && one.revision < other.revision)
}

function wasKnownBefore(next: FirstDelivery, other: FirstDelivery): boolean {
  if (next.priority === other.priority || next.push.outcome.type !== 'ok') return false
  return (next.push.endMs ?? Infinity) < askedMs(other)
}

function askedMs(first: FirstDelivery | undefined): number {
  return first?.delivery.askedMs ?? -Infinity
}
