/**
 * The thread that waits for the log's disk. It drains everything that has been queued for it into
 * one transaction with one fsync, then reports how far the log is durable (group commit).
 *
 * It handles no error: one of the disk ends the thread, and the main thread with it. A failed
 * fsync must not be tried again, since the kernel may have dropped the pages that it could not write
 * and will report success (catalogue 32).
 */

import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { invariant } from '@holdfast/raft'
import { openConnection } from './connection.js'
import type { DurableMessage, LogWorkerData, ToLogWorker, WriteMessage } from './log-message.js'
import { LogWriter } from './log-writer.js'
import { Superblock } from './superblock.js'
import { failPlainly } from './worker-failure.js'

/** A group that would not end would delay the completions of its first writes. */
const MAX_GROUP_BYTES = 16 * 1024 * 1024

invariant(parentPort !== null, 'the log worker must be started as a worker')
const port = parentPort
const { path, superblock: superblockPath, identity } = workerData as LogWorkerData
const connection = openConnection(path, 'full')
const superblock = new Superblock(superblockPath, identity)
const writer = new LogWriter(connection, superblock)
let transactions = 0

// Ready: nothing is durable yet.
port.postMessage({ number: 0, transactions } satisfies DurableMessage)

port.on('message', (first: ToLogWorker) => failPlainly(() => drain(first)))

function drain(first: ToLogWorker): void {
  for (let next: ToLogWorker | undefined = first; next !== undefined; next = receive()) {
    const group: WriteMessage[] = []
    let bytes = 0
    while (next?.type === 'write') {
      group.push(next)
      bytes += next.entries?.data.byteLength ?? 0
      if (bytes >= MAX_GROUP_BYTES) break
      next = receive()
    }
    if (group.length > 0) commit(group)
    if (next?.type === 'cut') writer.cut(next.index)
    if (next?.type === 'close') close()
  }
}

function receive(): ToLogWorker | undefined {
  return (receiveMessageOnPort(port) as { message: ToLogWorker } | undefined)?.message
}

function commit(group: readonly WriteMessage[]): void {
  writer.write(group)
  transactions++
  const durable: DurableMessage = { number: group.at(-1)?.number ?? 0, transactions }
  port.postMessage(durable)
  writer.checkpointIfDue()
}

function close(): void {
  writer.close()
  connection.client.close()
  superblock.close()
  port.close()
}
