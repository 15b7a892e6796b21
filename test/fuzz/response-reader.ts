/** Reads the responses of HTTP/1.1 out of the bytes of a connection, as far as they have come. */

export interface WireResponse {
  readonly status: number
  readonly body: Buffer
}

const NO_BYTES = Buffer.alloc(0)
const HEAD_END = Buffer.from('\r\n\r\n')
const LINE_END = Buffer.from('\r\n')

export class MalformedResponse extends Error {
  override readonly name = 'MalformedResponse'
}

interface Head {
  readonly status: number
  readonly bodyFrom: number
  readonly length: number | 'chunked' | 'untilClosed'
}

export class ResponseReader {
  #bytes: Buffer = NO_BYTES

  /** @throws {MalformedResponse} when it is no HTTP */
  push(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
  }

  /** The next whole response; 100 and its like are passed over. */
  next(): WireResponse | undefined {
    for (;;) {
      const head = headOf(this.#bytes)
      if (head === undefined) return undefined
      const found = bodyOf(this.#bytes, head)
      if (found === undefined) return undefined
      this.#bytes = this.#bytes.subarray(found.end)
      if (head.status >= 200 || head.status === 101) {
        return { status: head.status, body: found.body }
      }
    }
  }

  /** Of the next response, of which there may be no more yet than its head. */
  get nextStatus(): number | undefined {
    return headOf(this.#bytes)?.status
  }

  /** What has come behind the last whole response. */
  get rest(): Buffer {
    return this.#bytes
  }
}

function headOf(bytes: Buffer): Head | undefined {
  if (bytes.length === 0) return undefined
  const end = bytes.indexOf(HEAD_END)
  if (end < 0) return undefined
  const text = bytes.toString('latin1', 0, end)
  const status = /^HTTP\/1\.1 ([1-5][0-9]{2}) /.exec(text)?.[1]
  if (status === undefined) throw new MalformedResponse(JSON.stringify(text.slice(0, 200)))
  return { status: Number(status), bodyFrom: end + HEAD_END.length, length: lengthIn(text, status) }
}

function lengthIn(head: string, status: string): Head['length'] {
  if (status.startsWith('1') || status === '204' || status === '304') return 0
  if (/\r\ntransfer-encoding: chunked/i.test(head)) return 'chunked'
  const length = /\r\ncontent-length: ([0-9]+)/i.exec(head)?.[1]
  return length === undefined ? 'untilClosed' : Number(length)
}

function bodyOf(
  bytes: Buffer,
  { bodyFrom, length }: Head,
): { readonly body: Buffer; readonly end: number } | undefined {
  if (length === 'chunked') return chunksOf(bytes, bodyFrom)
  // Nothing of what a member answers ends with its connection, but what a proxy says might.
  if (length === 'untilClosed') return { body: bytes.subarray(bodyFrom), end: bytes.length }
  const end = bodyFrom + length
  return bytes.length < end ? undefined : { body: bytes.subarray(bodyFrom, end), end }
}

function chunksOf(
  bytes: Buffer,
  from: number,
): { readonly body: Buffer; readonly end: number } | undefined {
  const chunks: Buffer[] = []
  for (let at = from; ;) {
    const lineEnd = bytes.indexOf(LINE_END, at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    if (!(size >= 0)) throw new MalformedResponse('a chunk without a size')
    const chunkFrom = lineEnd + LINE_END.length
    const next = chunkFrom + size + LINE_END.length
    if (bytes.length < next) return undefined
    if (size === 0) return { body: Buffer.concat(chunks), end: next }
    chunks.push(bytes.subarray(chunkFrom, chunkFrom + size))
    at = next
  }
}
