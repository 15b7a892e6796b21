/** Puts items into a queue, and takes items out of it. */

import type { Message } from '@holdfast/client'
import { HoldfastError } from '@holdfast/protocol'
import { check } from '../check.js'
import type { ClientProcess } from '../client-process.js'

export const QUEUE = 'jobs'
/** More than a run of faults uses up. */
export const MAX_ATTEMPTS = 1_000
const WORK_MS = 40

export async function queueWorkload(process: ClientProcess, operations: number): Promise<void> {
  const { name, chance } = process
  for (let done = 0; done < operations && !process.isToEnd(); done += 1) {
    if (chance.happens(0.6)) await push(process, `${name}-${done}`)
    else await take(process)
    await process.pause(chance.exponential(WORK_MS))
  }
}

async function push({ client, chance, records }: ClientProcess, value: string): Promise<void> {
  const queue = client.queue<string>(QUEUE, { maxAttempts: MAX_ATTEMPTS })
  records.queue.pushing(value)
  try {
    await queue.push(value, { priority: chance.below(3) })
    records.queue.pushed(value)
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    if (error.outcome === 'not-applied') records.queue.notPushed(value)
    else records.queue.pushUnknown(value)
  }
}

async function take(process: ClientProcess): Promise<void> {
  const { client, name, chance, records, pause } = process
  const queue = client.queue<string>(QUEUE, { maxAttempts: MAX_ATTEMPTS })
  try {
    for await (const message of queue.consume({ timeoutMs: 500 })) {
      const { value, id, fencingToken } = message
      records.queue.delivered(value, process.host.hasSlept && hasEnded(process, message))
      if (!message.signal.aborted) records.work.works(`item ${id}`, fencingToken, name)
      await pause(chance.exponential(WORK_MS))
      if (chance.happens(0.2)) await message.nack()
      else await acknowledge(process, message)
      return
    }
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
  }
}

/** A consumer whose clock stood still cannot know, and is told by the token what it is worth. */
function hasEnded({ records }: ClientProcess, { id, fencingToken }: Message<string>): boolean {
  return records.states.endOf(`${QUEUE}/claim/${id}`, fencingToken) !== undefined
}

async function acknowledge(process: ClientProcess, message: Message<string>): Promise<void> {
  const { queue } = process.records
  queue.acking(message.value)
  try {
    await message.ack()
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    if (error.outcome === 'not-applied') queue.notAcked(message.value)
    await message.nack()
    return
  }
  queue.acked(message.value)
  checkOwnClaim(process, message)
}

/** What removed the item ended the claim that it was delivered under, and not one of somebody else. */
function checkOwnClaim(
  { name, records }: ClientProcess,
  { id, fencingToken }: { readonly id: string; readonly fencingToken: number },
): void {
  const { states } = records
  const claimEnd = states.endOf(`${QUEUE}/claim/${id}`, fencingToken)
  const item = states.entryAt(fencingToken, `${QUEUE}/body/${id}`)
  const itemEnd = item && states.endOf(item.key, item.createRevision)
  check(
    claimEnd !== undefined && claimEnd === itemEnd,
    `${name} acknowledged item ${id}, gone at ${itemEnd}, by a claim that ended at ${claimEnd}`,
  )
}
