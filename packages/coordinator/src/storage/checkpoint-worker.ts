/**
 * The thread that makes state.db durable, because the connection that writes it never fsyncs.
 *
 * 1. Passive passes copy the WAL into the database while the main thread goes on writing. Alone they
 *    would never end: under steady writes there is always something left, so the WAL would never
 *    start over and would grow without bound.
 * 2. So when little is left, the main thread is asked to hold its writes, and a FULL pass copies the
 *    rest and syncs the database.
 * 3. Then the checksums of the pages that were copied are made durable (page-sums.ts), and only then
 *    a TRUNCATE pass, which has nothing left to copy, empties the WAL.
 * 4. The emptied WAL is fsynced before writes go on. SQLite syncs a WAL's new header for the same
 *    reason, but not for a writer with synchronous=OFF: after a power loss an old header, with some
 *    of the old frames behind it, would be valid beside the new database, and old pages would cover
 *    newer ones. With the empty file durable there are no old frames to come back.
 *
 * For the same reason the WAL must not start over outside of 2, as SQLite would do by itself once a
 * passive pass has copied everything. A read transaction, the pin, prevents that: it is open from
 * before the first pass until writes are held, and is renewed by opening the next before closing it.
 */

import { closeSync, fsyncSync, openSync, statSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import type { Database } from 'better-sqlite3'
import { invariant } from '@holdfast/raft'
import {
  OPEN,
  type CheckpointWorkerData,
  type FromCheckpointWorker,
  type ToCheckpointWorker,
} from './checkpoint-message.js'
import { copyState, DamagedPageError } from './copy-state.js'
import { PageSums, sumsPathOf } from './page-sums.js'
import { openClient } from './sqlite-client.js'
import { syncWal } from './sync-wal.js'
import { FRAME_BYTES, pagesOfFrames } from './wal-pages.js'
import { failPlainly } from './worker-failure.js'

/** How often the WAL's size is looked at. */
const LOOK_MS = 200
/** Little enough to be copied while writes are held. */
const MAX_HELD_BYTES = 4 * 1024 * 1024
/** Writes that outrun the passes are held all the same, rather than let the WAL grow on. */
const MAX_PASSES = 8
/** A reader can be in the way of the last pass for as long as one query of the main thread. */
const TRUNCATE_WAIT_MS = 5_000
const MAX_TRUNCATE_ATTEMPTS = 6

interface PassResult {
  readonly busy: number
  readonly log: number
  readonly checkpointed: number
}

invariant(parentPort !== null, 'the checkpoint worker must be started as a worker')
const port = parentPort
const { path, limits, way, flag } = workerData as CheckpointWorkerData
const walPath = `${path}-wal`
const copier = openClient(path, 'full')
copier.pragma(`busy_timeout = ${TRUNCATE_WAIT_MS}`)
// Open for as long as the thread lives: closing a descriptor of a database drops the locks that the
// process holds on it, those of the main thread's connection included.
const descriptor = openSync(path, 'r+')
const pins: [Database, Database] = [openClient(path, 'full'), openClient(path, 'full')]
let pinned: Database | undefined
let isHolding = false
const sumsPath = sumsPathOf(path)
let sums = PageSums.load(sumsPath, way)
/** Frames of the WAL that are copied, and whose pages are summed, before writes are held. */
let summedFrames = 0
/** Where a copy of the state was asked for. */
let copyTo: string | undefined
let lastCheckpoint = performance.now()

const timer = setInterval(() => failPlainly(look), LOOK_MS)
port.on('message', (message: ToCheckpointWorker) => failPlainly(() => receive(message)))
post({ type: 'ready' })

function receive(message: ToCheckpointWorker): void {
  switch (message.type) {
    case 'held':
      finish(message.appliedIndex)
      return
    case 'copy':
      copyTo = message.to
      look()
      return
    case 'close':
      close()
  }
}

function look(): void {
  if (isHolding) return
  const { size } = statSync(walPath)
  if (size === 0) {
    copyIfAsked()
    return
  }
  const isDue = performance.now() - lastCheckpoint >= limits.intervalMs
  if (size < limits.walBytes && !isDue && copyTo === undefined) return
  copyWhileWriting()
  isHolding = true
  post({ type: 'hold' })
}

function copyWhileWriting(): void {
  // All of them while nobody waits: nothing changes the database but what this thread does.
  sums ??= PageSums.of(descriptor)
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    renewPin()
    const { log, checkpointed } = copy('PASSIVE')
    // A pass that leaves something does not sync the database. Done here, it costs nobody a wait.
    fsyncSync(descriptor)
    sums.update(descriptor, pagesOfFrames(walPath, summedFrames, checkpointed))
    summedFrames = checkpointed
    if ((log - checkpointed) * FRAME_BYTES <= MAX_HELD_BYTES) return
  }
}

/** Nothing is written until the flag is open again. */
function finish(appliedIndex: number): void {
  pinned?.exec('COMMIT')
  pinned = undefined
  truncate()
  isHolding = false
  lastCheckpoint = performance.now()
  const shared = new Int32Array(flag)
  Atomics.store(shared, 0, OPEN)
  Atomics.notify(shared, 0)
  post({ type: 'released', durableIndex: appliedIndex })
  copyIfAsked()
}

/**
 * The database is whole without the WAL, and changes only by what this very thread does. A copy that
 * fails, as for want of room, says nothing against the state: only the follower must wait. What is
 * damaged is not sent: it would come with a checksum that says that it is whole.
 */
function copyIfAsked(): void {
  if (copyTo === undefined) return
  const to = copyTo
  copyTo = undefined
  sums ??= PageSums.of(descriptor)
  try {
    post({ type: 'copied', copy: copyState(descriptor, to, sums) })
  } catch (error) {
    if (error instanceof DamagedPageError) post({ type: 'damaged', page: error.page })
    else postNotCopied(error)
  }
}

function postNotCopied(error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const isDiskFull = code === 'ENOSPC' || code === 'EDQUOT' || code === 'SQLITE_FULL'
  post({ type: 'notCopied', reason, isDiskFull })
}

function truncate(): void {
  copyWholly('FULL')
  sums ??= PageSums.of(descriptor)
  sums.update(descriptor, pagesOfFrames(walPath, summedFrames))
  summedFrames = 0
  sums.save(sumsPath)
  copyWholly('TRUNCATE')
  syncWal(walPath)
}

function copyWholly(mode: 'FULL' | 'TRUNCATE'): void {
  for (let attempt = 1; copy(mode).busy !== 0; attempt++) {
    invariant(attempt < MAX_TRUNCATE_ATTEMPTS, 'a reader keeps the WAL of the state from ending')
  }
}

function renewPin(): void {
  const [first, second] = pins
  const next = pinned === first ? second : first
  next.exec('BEGIN')
  next.prepare('SELECT revision FROM position').get()
  pinned?.exec('COMMIT')
  pinned = next
}

function copy(mode: 'PASSIVE' | 'FULL' | 'TRUNCATE'): PassResult {
  const [result] = copier.pragma(`wal_checkpoint(${mode})`) as PassResult[]
  invariant(result !== undefined, 'a checkpoint gave no result')
  return result
}

/** Nothing is written any more: the main thread has closed its connection, or installs a snapshot. */
function close(): void {
  clearInterval(timer)
  pinned?.exec('COMMIT')
  truncate()
  for (const client of [...pins, copier]) client.close()
  closeSync(descriptor)
  port.close()
}

function post(message: FromCheckpointWorker): void {
  port.postMessage(message)
}
