/**
 * Reads the body of a request, never more of it than is allowed. etcd answers a request of more than
 * 1.5 MiB with code 3, and one that its gateway will not even read with code 8.
 */

import { grpcStatus, limits } from '@holdfast/protocol'
import type { Cancel, Clock } from '../time/clock.js'
import { EdgeError } from './edge-error.js'

/** 2 MiB of bytes, which is where etcd's gateway stops, and a third more as base64, and names. */
export const MAX_BODY_BYTES = 3 * 1024 * 1024

/** From the first byte of a body to its last: whoever takes longer holds on for no good reason. */
export const BODY_TIMEOUT_MS = 30_000

/** Strict: bytes that are not UTF-8 must not turn into others, nor a byte order mark into nothing. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @throws {EdgeError} when it is too large, too slow, not UTF-8, or broke off */
export async function readBody(request: Request, clock: Clock): Promise<string> {
  const declared = request.headers.get('content-length')
  if (declared !== null && Number(declared) > MAX_BODY_BYTES) throw tooLarge(Number(declared))
  const reading = declared === null ? readChunked(request.body) : readWhole(request)
  return decode(await inTime(reading, clock))
}

/** The chunks of a body as they come. @throws {EdgeError} when it breaks off */
export async function* bodyChunks(
  body: ReadableStream<Uint8Array> | null,
): AsyncGenerator<Uint8Array> {
  if (body === null) return
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => Promise.reject(brokenOff()))
      if (done) return
      yield value
    }
  } finally {
    // Whoever stops early will not read on; after the end this does nothing.
    await reader.cancel().catch(() => undefined)
  }
}

/** The HTTP server holds a body to its declared length; the check is for whoever else calls. */
async function readWhole(request: Request): Promise<Uint8Array> {
  let bytes: ArrayBuffer
  try {
    bytes = await request.arrayBuffer()
  } catch {
    throw brokenOff()
  }
  if (bytes.byteLength > MAX_BODY_BYTES) throw tooLarge(bytes.byteLength)
  return new Uint8Array(bytes)
}

async function readChunked(body: ReadableStream<Uint8Array> | null): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of bodyChunks(body)) {
    bytes += chunk.byteLength
    if (bytes > MAX_BODY_BYTES) throw tooLarge(bytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** @throws {EdgeError} when it takes too long: whoever reads then stops waiting for it */
export async function inTime<T>(reading: Promise<T>, clock: Clock): Promise<T> {
  let cancel: Cancel | undefined
  const late = new Promise<never>((_, reject) => {
    cancel = clock.after(BODY_TIMEOUT_MS, () => reject(tooSlow()))
  })
  try {
    return await Promise.race([reading, late])
  } finally {
    cancel?.()
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw new EdgeError({ code: grpcStatus.invalidArgument.code, message: 'invalid UTF-8' })
  }
}

function tooLarge(bytes: number): EdgeError {
  const max = limits.maxRequestBytes + 512 * 1024
  return new EdgeError({
    code: grpcStatus.resourceExhausted.code,
    message: `grpc: received message larger than max (${bytes} vs. ${max})`,
  })
}

function tooSlow(): EdgeError {
  const { code } = grpcStatus.deadlineExceeded
  return new EdgeError({ code, message: 'the body of the request did not come in time' })
}

/** A body fails only with its connection, so nobody is left to read this. */
function brokenOff(): EdgeError {
  return new EdgeError({ code: grpcStatus.canceled.code, message: 'context canceled' })
}
