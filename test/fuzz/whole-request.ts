/**
 * Where the first request in some bytes ends: a server may serve it whatever is the matter with what
 * follows it. Node's answers 400 to that, in the place of the answer that is still being made, and no
 * client that sends such bytes can tell which of the two is meant.
 */

import type { Input } from './input.js'

export function hasWholeRequestAndMore(input: Input): boolean {
  return bytesBehindFirst(input) > 0
}

export function hasWholeRequest(input: Input): boolean {
  return bytesBehindFirst(input) >= 0
}

/** Negative if the first request has no end. */
function bytesBehindFirst({ pieces }: Input): number {
  const text = Buffer.concat(pieces).toString('latin1')
  const headEnd = text.indexOf('\r\n\r\n')
  const end = headEnd < 0 ? undefined : bodyEnd(text, headEnd)
  return end === undefined ? -1 : text.length - end
}

function bodyEnd(text: string, headEnd: number): number | undefined {
  const head = text.slice(0, headEnd)
  const bodyFrom = headEnd + 4
  if (/\r\ntransfer-encoding:[^\r]*chunked/i.test(head)) {
    // Behind the last chunk there may be fields, which change nothing any more.
    const last = text.indexOf('0\r\n', bodyFrom)
    return last < 0 ? undefined : last + 3
  }
  const length = /\r\ncontent-length: *([0-9]+) *(?:\r\n|$)/i.exec(head)?.[1]
  return bodyFrom + Number(length ?? '0')
}
