/**
 * Compares a received snapshot with the checksums of its pages, which were made of its bytes as they
 * came and are durable beside it: between its arrival and its installation lie minutes, or a start.
 */

import { closeSync, createReadStream, openSync } from 'node:fs'
import { damagedPage, PageSums, sumsPathOf } from './page-sums.js'
import { PageSumming } from './page-summing.js'
import { StorageError } from './storage-error.js'

const CHUNK_BYTES = 1024 * 1024

/** At a start. @throws StorageError `damaged` */
export function verifyReceived(wholePath: string, way: string): void {
  const descriptor = openSync(wholePath, 'r')
  try {
    requireSame(wholePath, PageSums.of(descriptor), way)
  } finally {
    closeSync(descriptor)
  }
}

/** While the member serves: in pieces, which hold up nothing. @throws StorageError `damaged` */
export async function verifyReceivedInPieces(wholePath: string, way: string): Promise<void> {
  const found = new PageSumming()
  const pieces = createReadStream(wholePath, { highWaterMark: CHUNK_BYTES })
  for await (const piece of pieces) found.add(piece as Buffer)
  requireSame(wholePath, found.sums, way)
}

function requireSame(wholePath: string, found: PageSums, way: string): void {
  const sumsPath = sumsPathOf(wholePath)
  const received = PageSums.load(sumsPath, way)
  if (received === undefined) throw new StorageError('damaged', `${sumsPath} is missing: ${way}`)
  const damaged = received.firstDifference(found)
  if (damaged !== undefined) throw damagedPage(wholePath, damaged, way)
}
