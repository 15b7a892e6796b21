/**
 * The rows of an interval of keys, in byte order, some at a time, so that what is only looked at does not
 * fill the memory. No statement stays open between the pages: whoever reads may write, or stop.
 */

interface Row {
  readonly key: Uint8Array
}

/** `page` gives as many rows as there are from `start` on, at most `limit`. */
export function* inPages<R extends Row>(
  from: Uint8Array,
  pageRows: number,
  page: (start: Uint8Array, limit: number) => readonly R[],
): Generator<R> {
  let start = from
  for (;;) {
    const rows = page(start, pageRows)
    yield* rows
    const last = rows.at(-1)
    if (last === undefined || rows.length < pageRows) return
    start = keyAfter(last.key)
  }
}

/** In byte order there is none between them. */
function keyAfter(key: Uint8Array): Uint8Array {
  return Buffer.concat([key, Buffer.of(0)])
}
