/** Keys, values and intervals of keys as callers write them, and as the wire has them. */

import { OPEN_END, prefixEnd, utf8Encode } from '@holdfast/protocol'

/** A key: a text, taken as its UTF-8 bytes, or the bytes themselves. Never empty. */
export type Key = string | Uint8Array

/** A value: a text, taken as its UTF-8 bytes, or the bytes themselves. */
export type Value = string | Uint8Array

/**
 * One key; or all keys with a prefix (an empty one means all keys); or all keys from one on, up to
 * but not including another.
 */
export type KeyRange =
  Key | { readonly prefix: Key } | { readonly from: Key; readonly to?: Key | undefined }

export interface WireRange {
  readonly key: Uint8Array
  readonly rangeEnd?: Uint8Array
}

export function toBytes(text: Key | Value): Uint8Array {
  return typeof text === 'string' ? utf8Encode(text) : text
}

const EMPTY_KEY = new Uint8Array([0])

export function toRange(range: KeyRange): WireRange {
  if (typeof range === 'string' || range instanceof Uint8Array) return { key: toBytes(range) }
  if ('prefix' in range) {
    const prefix = toBytes(range.prefix)
    if (prefix.length === 0) return { key: EMPTY_KEY, rangeEnd: OPEN_END }
    return { key: prefix, rangeEnd: prefixEnd(prefix) }
  }
  const rangeEnd = range.to === undefined ? OPEN_END : toBytes(range.to)
  const from = toBytes(range.from)
  return { key: from.length === 0 ? EMPTY_KEY : from, rangeEnd }
}

/** The first key after this one. */
export function nextKey(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1)
  next.set(key)
  return next
}
