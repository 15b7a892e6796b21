/**
 * `/v3/maintenance/snapshot`: a copy of the state, in pieces, and at the end the SHA-256 of all of them
 * (etcd: v3rpc/maintenance.go), which stands behind the copy in the file that clients make of it.
 */

import { createHash } from 'node:crypto'
import { etcdErrors, type InputOf, type routes } from '@holdfast/protocol'
import type { EdgeContext } from '../edge-context.js'
import { EdgeError } from '../edge-error.js'
import { ETCD_VERSION } from './version.js'

type Answer = InputOf<typeof routes.snapshot.response>

/** As etcd's, so that a piece in base64 is a line of 44 KiB. */
const PIECE_BYTES = 32 * 1024

const REFUSALS = {
  tooMany: etcdErrors.tooManyRequests,
  noRoom: etcdErrors.noSpace,
  closed: etcdErrors.stopped,
} as const

export async function* snapshot(
  context: EdgeContext,
  _request: unknown,
  signal: AbortSignal,
): AsyncGenerator<Answer> {
  const backup = await context.takeBackup()
  if (typeof backup === 'string') throw new EdgeError(REFUSALS[backup])
  const { file } = backup
  try {
    const hash = createHash('sha256')
    let remainingBytes = backup.bytes
    while (remainingBytes > 0) {
      if (signal.aborted) throw new EdgeError({ code: 1, message: 'context canceled' })
      const { bytesRead, buffer } = await file.read(Buffer.alloc(PIECE_BYTES))
      if (bytesRead === 0) throw new Error('the copy of the state is shorter than it was')
      const blob = buffer.subarray(0, bytesRead)
      hash.update(blob)
      remainingBytes -= bytesRead
      yield { remainingBytes, blob, version: ETCD_VERSION }
    }
    yield { blob: hash.digest(), version: ETCD_VERSION }
  } finally {
    await backup.release()
  }
}
