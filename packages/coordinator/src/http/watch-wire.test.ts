/** Watch messages as text: exactly what the schema would encode, each event's text made once. */

import { WatchResponse, type WatchResponseInput } from '@holdfast/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { KeyValue } from '../state-machine/operation.js'
import type { WatchedEvent } from '../watch/watcher.js'
import { watchText } from './watch-wire.js'

const bytes = fc.uint8Array({ maxLength: 8 })
const revision = fc.nat()
const keyValue: fc.Arbitrary<KeyValue> = fc.record({
  key: bytes,
  value: bytes,
  createRevision: revision,
  modRevision: revision,
  version: revision,
  lease: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
})
const watchedEvent: fc.Arbitrary<WatchedEvent> = fc.record({
  event: fc.record({
    type: fc.constantFrom('put', 'delete'),
    kv: keyValue,
    previous: fc.constant(undefined),
  }),
  prevKv: fc.option(keyValue, { nil: undefined }),
})
const head: fc.Arbitrary<WatchResponseInput> = fc.record(
  {
    header: fc.record({
      clusterId: fc.constant('18446744073709551615'),
      memberId: fc.constant('7'),
      revision,
      raftTerm: revision,
    }),
    watchId: fc.integer(),
    created: fc.boolean(),
    canceled: fc.boolean(),
    compactRevision: revision,
    cancelReason: fc.string(),
  },
  { requiredKeys: [] },
)

function encoded(response: WatchResponseInput, events: readonly WatchedEvent[]): string {
  const wire = events.map(({ event, prevKv }) => ({
    type: event.type === 'put' ? ('PUT' as const) : ('DELETE' as const),
    kv: event.kv,
    prevKv,
  }))
  return JSON.stringify(WatchResponse.encode({ ...response, events: wire }))
}

describe('a watch message', () => {
  it('is the text that the schema encodes, to the byte', () => {
    fc.assert(
      fc.property(head, fc.array(watchedEvent, { maxLength: 3 }), (response, events) => {
        expect(watchText(response, events)).toBe(encoded(response, events))
        // And again, when the texts of the events are known.
        expect(watchText(response, events)).toBe(encoded(response, events))
      }),
      { numRuns: 300 },
    )
  })

  it('omits the type of a put, and all but key and revision of a delete (§8.6)', () => {
    const kv = { key: Buffer.from('a'), modRevision: 9 }
    const rest = { value: Buffer.alloc(0), createRevision: 0, version: 0, lease: '0' }
    const event = { type: 'delete', kv: { ...kv, ...rest }, previous: undefined } as const
    expect(watchText({}, [{ event, prevKv: undefined }])).toBe(
      '{"events":[{"type":"DELETE","kv":{"key":"YQ==","mod_revision":"9"}}]}',
    )
    const put = { ...event, type: 'put' } as const
    expect(watchText({ watchId: 0 }, [{ event: put, prevKv: undefined }])).toBe(
      '{"events":[{"kv":{"key":"YQ==","mod_revision":"9"}}]}',
    )
  })

  it('makes the text of an event once, and adds the previous value where it is wanted', () => {
    let reads = 0
    const kv = {
      get key() {
        reads += 1
        return Buffer.from('a')
      },
    } as unknown as KeyValue
    const event = { type: 'put', kv, previous: undefined } as const
    const plain = { event, prevKv: undefined }
    const prevKv = { key: Buffer.from('a'), modRevision: 3 } as unknown as KeyValue
    expect(watchText({}, [plain])).toBe('{"events":[{"kv":{"key":"YQ=="}}]}')
    const readsForOne = reads
    expect(watchText({}, [{ event, prevKv }, plain])).toBe(
      '{"events":[{"kv":{"key":"YQ=="},"prev_kv":{"key":"YQ==","mod_revision":"3"}},' +
        '{"kv":{"key":"YQ=="}}]}',
    )
    expect(reads).toBe(readsForOne)
  })
})
