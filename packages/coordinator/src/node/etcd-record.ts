/**
 * A version of a key as etcd stores it, byte for byte: the hash of a history is then the same on an
 * etcd that has the same history. Source: etcd mvcc/revision.go, api/mvccpb/kv.proto.
 */

import type { KeyValue } from '../state-machine/operation.js'
import type { StoredVersion } from '../state-machine/outcome.js'

const REVISION_BYTES = 17
const TOMBSTONE_MARK = 't'.charCodeAt(0)

/** Under which it is stored: revision, `_`, place in the revision, and `t` for a tombstone. */
export function recordKey({ revision, sub, isTombstone }: StoredVersion): Uint8Array {
  const bytes = Buffer.alloc(isTombstone ? REVISION_BYTES + 1 : REVISION_BYTES)
  bytes.writeBigInt64BE(BigInt(revision), 0)
  bytes.write('_', 8)
  bytes.writeBigInt64BE(BigInt(sub), 9)
  if (isTombstone) bytes[REVISION_BYTES] = TOMBSTONE_MARK
  return bytes
}

/** What is stored: a KeyValue in protocol buffers; of a tombstone only its key. */
export function recordValue({ kv, isTombstone }: StoredVersion): Uint8Array {
  const parts: Uint8Array[] = []
  addBytes(parts, 1, kv.key)
  if (!isTombstone) {
    const { createRevision, modRevision, version, value, lease } = kv
    addInteger(parts, 2, BigInt(createRevision))
    addInteger(parts, 3, BigInt(modRevision))
    addInteger(parts, 4, BigInt(version))
    addBytes(parts, 5, value)
    addInteger(parts, 6, BigInt(lease))
  }
  return Buffer.concat(parts)
}

/** Bytes of a KeyValue in protocol buffers, by which etcd measures its messages. */
export function encodedLength(kv: KeyValue): number {
  const { key, value, createRevision, modRevision, version, lease } = kv
  const integers = [createRevision, modRevision, version].map(BigInt)
  const ofIntegers = [...integers, BigInt(lease)].reduce(
    (sum, one) => sum + (one === 0n ? 0 : 1 + varintLength(one)),
    0,
  )
  return ofIntegers + lengthOfBytes(key) + lengthOfBytes(value)
}

const LENGTH_DELIMITED = 2

function addBytes(parts: Uint8Array[], field: number, bytes: Uint8Array): void {
  if (bytes.byteLength === 0) return
  parts.push(Uint8Array.of((field << 3) | LENGTH_DELIMITED))
  parts.push(varint(BigInt(bytes.byteLength)), bytes)
}

function addInteger(parts: Uint8Array[], field: number, value: bigint): void {
  if (value !== 0n) parts.push(Uint8Array.of(field << 3), varint(value))
}

/** Negative ones as if they were unsigned, in ten bytes. */
function varint(value: bigint): Uint8Array {
  const bytes: number[] = []
  let left = BigInt.asUintN(64, value)
  while (left > 0x7fn) {
    bytes.push(Number(left & 0x7fn) | 0x80)
    left >>= 7n
  }
  bytes.push(Number(left))
  return Uint8Array.from(bytes)
}

function varintLength(value: bigint): number {
  return varint(value).byteLength
}

function lengthOfBytes({ byteLength }: Uint8Array): number {
  return byteLength === 0 ? 0 : 1 + varintLength(BigInt(byteLength)) + byteLength
}
