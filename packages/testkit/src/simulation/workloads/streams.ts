/** Watches without the SDK, which forgives much: one stream to one member, progress asked for on it. */

import {
  decodeStreamError,
  HoldfastError,
  JsonSplitter,
  prefixEnd,
  routes,
  utf8Encode,
  type WatchResponse,
} from '@holdfast/protocol'
import type { ClientProcess } from '../client-process.js'
import { StreamedChanges, type StreamRequest } from '../invariants/streamed-changes.js'

const ALL_KEYS = new Uint8Array([0])

/** Until so many messages came, or the time is over, or the stream broke. */
export async function readStream(
  process: ClientProcess,
  prefix: string,
  maxMs: number,
): Promise<void> {
  const { chance, host, records } = process
  const request = drawRequest(process, prefix)
  const changes = new StreamedChanges(records, request)
  const leaving = new AbortController()
  const cancel = host.clock.after(chance.between(100, maxMs), () => leaving.abort())
  let left = 2 + chance.below(Math.ceil(maxMs / 100))
  try {
    for await (const message of messages(process, request, leaving.signal)) {
      changes.told(message)
      left -= 1
      if (left === 0 || changes.isOver) return
    }
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
  } finally {
    cancel()
    leaving.abort()
  }
}

function drawRequest({ name, chance, records }: ClientProcess, prefix: string): StreamRequest {
  const { revision, compactRevision } = records.states
  const oldest = Math.max(1, compactRevision)
  const startRevision = chance.pick([0, oldest, oldest, Math.max(1, revision - chance.below(20))])
  return {
    ...{ name: `${name}'s stream of ${prefix}* from ${startRevision}`, prefix, startRevision },
    withPrevious: chance.happens(0.3),
    only: chance.happens(0.2) ? chance.pick(['put', 'delete'] as const) : undefined,
  }
}

async function* messages(
  { transport, endpoints, chance }: ClientProcess,
  request: StreamRequest,
  signal: AbortSignal,
): AsyncGenerator<WatchResponse> {
  const { status, chunks } = await transport.stream({
    ...{
      endpoint: chance.pick(endpoints),
      method: 'POST',
      path: `/v3${routes.watch.path}`,
      signal,
    },
    headers: { 'content-type': 'application/json' },
    body: bodyOf(request, chance.below(4)),
  })
  if (status !== 200) return
  const splitter = new JsonSplitter()
  for await (const chunk of chunks) {
    for (const json of splitter.push(chunk)) {
      const error = decodeStreamError(json)
      if (error !== undefined) throw error
      const { result } = json as { readonly result?: unknown }
      yield routes.watch.response.decode(result ?? {})
    }
  }
}

/** One watch, and so many questions how far it has come. */
function bodyOf(request: StreamRequest, questions: number): string {
  const { prefix, startRevision, withPrevious, only } = request
  const key = prefix === '' ? ALL_KEYS : utf8Encode(prefix)
  const createRequest = {
    ...{ key, rangeEnd: prefix === '' ? ALL_KEYS : prefixEnd(key), startRevision },
    prevKv: withPrevious,
    filters: only && [only === 'put' ? ('NODELETE' as const) : ('NOPUT' as const)],
  }
  const asked = Array.from({ length: questions }, () => ({ progressRequest: {} }))
  return [{ createRequest }, ...asked]
    .map((message) => JSON.stringify(routes.watch.request.encode(message)))
    .join('')
}
