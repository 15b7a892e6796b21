/**
 * Reads the body of a unary request, never more of it than is allowed. etcd answers a request of
 * more than 1.5 MiB with code 3, and one that its gateway will not even read with code 8.
 */

import { limits } from '@holdfast/protocol'
import { EdgeError } from './edge-error.js'

/** 2 MiB of bytes, which is where etcd's gateway stops, and a third more as base64, and names. */
export const MAX_BODY_BYTES = 3 * 1024 * 1024

/** @throws {EdgeError} when it is too large */
export async function readBody(request: Request): Promise<string> {
  const declared = request.headers.get('content-length')
  if (declared !== null && Number(declared) > MAX_BODY_BYTES) throw tooLarge(Number(declared))
  if (declared !== null) return request.text()
  return readChunked(request.body)
}

async function readChunked(body: ReadableStream<Uint8Array> | null): Promise<string> {
  if (body === null) return ''
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.byteLength
    if (bytes > MAX_BODY_BYTES) throw tooLarge(bytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function tooLarge(bytes: number): EdgeError {
  const max = limits.maxRequestBytes + 512 * 1024
  return new EdgeError({
    code: 8,
    message: `grpc: received message larger than max (${bytes} vs. ${max})`,
  })
}
