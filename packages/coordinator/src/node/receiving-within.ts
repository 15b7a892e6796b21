/**
 * Begins to receive a snapshot only where it leaves room enough: its offer says how large it is
 * (catalogue 36, 42). The sender is told why not, and offers it again after a while.
 */

interface Receiver {
  /** A refusal is thrown. */
  receiveSnapshot(copy: { readonly bytes: number }): unknown
}

/** The same storage in all else. */
export function receivingWithin<S extends Receiver>(
  storage: S,
  hasRoomFor: (bytes: number) => boolean,
): S {
  const receiveSnapshot: Receiver['receiveSnapshot'] = (copy) => {
    if (!hasRoomFor(copy.bytes)) throw new Error('there is no room for it here now')
    return storage.receiveSnapshot(copy)
  }
  return Object.create(storage, { receiveSnapshot: { value: receiveSnapshot } }) as S
}
