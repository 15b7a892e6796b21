/**
 * Keys as bytes: their order, and etcd's way of naming an interval by `key` and `rangeEnd`.
 * An empty `rangeEnd` is the one key; a single zero byte is every key ≥ `key`.
 */

/** `rangeEnd` of "every key from here on", and with the same `key` of all keys. */
export const OPEN_END: Uint8Array = new Uint8Array([0])

/** Order of the store: unsigned bytes, a prefix before what it is a prefix of. */
export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const length = Math.min(left.length, right.length)
  for (let index = 0; index < length; index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0)
    if (difference !== 0) return difference < 0 ? -1 : 1
  }
  return Math.sign(left.length - right.length)
}

export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && compareBytes(left, right) === 0
}

export function isOpenEnd(rangeEnd: Uint8Array): boolean {
  return rangeEnd.length === 1 && rangeEnd[0] === 0
}

/**
 * The `rangeEnd` for all keys with a prefix: its last byte that is not 0xff, plus one. A prefix of
 * nothing but 0xff, or of nothing, has no end.
 */
export function prefixEnd(prefix: Uint8Array): Uint8Array {
  for (let index = prefix.length - 1; index >= 0; index--) {
    const byte = prefix[index] ?? 0
    if (byte === 0xff) continue
    const end = prefix.slice(0, index + 1)
    end[index] = byte + 1
    return end
  }
  return OPEN_END
}
