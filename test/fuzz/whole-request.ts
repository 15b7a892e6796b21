/**
 * Where the first request in some bytes ends: a server may serve it whatever is the matter with what
 * follows it. A member that can read no request there just ends the connection while it still makes the
 * answer to the first, and so says that nobody knows (http/broken-requests).
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
  const headEnd = text.indexOf(HEAD_END)
  const end = headEnd < 0 ? undefined : bodyEnd(text, headEnd)
  return end === undefined ? -1 : text.length - end
}

const LINE_END = '\r\n'
const HEAD_END = '\r\n\r\n'

function bodyEnd(text: string, headEnd: number): number | undefined {
  const head = text.slice(0, headEnd)
  const bodyFrom = headEnd + HEAD_END.length
  if (/\r\ntransfer-encoding:[^\r]*chunked/i.test(head)) return endOfChunks(text, bodyFrom)
  const length = /\r\ncontent-length: *([0-9]+) *(?:\r\n|$)/i.exec(head)?.[1]
  return bodyFrom + Number(length ?? '0')
}

/** With the fields that may stand behind the last chunk (RFC 9112 §7.1). */
function endOfChunks(text: string, bodyFrom: number): number | undefined {
  const sizeLine = /([0-9a-f]+)(?:;[^\r\n]*)?\r\n/iy
  for (let at = bodyFrom; ;) {
    sizeLine.lastIndex = at
    const size = sizeLine.exec(text)?.[1]
    if (size === undefined) return undefined
    if (/^0+$/.test(size)) {
      const end = text.indexOf(HEAD_END, sizeLine.lastIndex - LINE_END.length)
      return end < 0 ? undefined : end + HEAD_END.length
    }
    const chunkEnd = sizeLine.lastIndex + Number.parseInt(size, 16)
    if (!text.startsWith(LINE_END, chunkEnd)) return undefined
    at = chunkEnd + LINE_END.length
  }
}
