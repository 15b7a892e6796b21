import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseFirstJson } from '../json/parse.js'
import type { InputOf, Message } from '../schema/message.js'
import { KeyValue, RangeRequest, RangeResponse } from './kv.js'
import { LeaseGrantRequest, LeaseTimeToLiveResponse } from './lease.js'
import { TxnRequest, TxnResponse, type RequestOpInput, type TxnRequestInput } from './txn.js'
import { WatchRequest, WatchResponse } from './watch.js'

const bytes = fc.uint8Array({ maxLength: 80 })
const revision = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const lease = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)

const keyValue = fc.record({
  key: bytes,
  createRevision: revision,
  modRevision: revision,
  version: revision,
  value: bytes,
  lease,
})

const rangeRequest = fc.record(
  {
    key: bytes,
    rangeEnd: bytes,
    limit: revision,
    revision: fc.maxSafeInteger(),
    sortOrder: fc.constantFrom('NONE' as const, 'ASCEND' as const, 'DESCEND' as const),
    sortTarget: fc.constantFrom('KEY' as const, 'MOD' as const, 'VALUE' as const),
    serializable: fc.boolean(),
    minModRevision: revision,
  },
  { requiredKeys: [] },
)

const compare = fc.record({
  key: bytes,
  result: fc.constantFrom('EQUAL' as const, 'NOT_EQUAL' as const),
  target: fc.constantFrom('VERSION' as const, 'LEASE' as const),
})

const { txn: txnRequest } = fc.letrec<{ txn: TxnRequestInput; op: RequestOpInput }>((tie) => ({
  op: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.record({ requestPut: fc.record({ key: bytes, value: bytes, lease }) }),
    fc.record({ requestRange: rangeRequest }),
    fc.record({ requestTxn: tie('txn') }),
  ),
  txn: fc.record({
    compare: fc.array(compare, { maxLength: 3 }),
    success: fc.array(tie('op'), { maxLength: 2 }),
    failure: fc.array(tie('op'), { maxLength: 2 }),
  }),
}))

/** Encoding is a fixed point: what was written reads back and writes the same again. */
function roundTrips<In>(codec: Message<In, In>, values: fc.Arbitrary<In>): void {
  fc.assert(
    fc.property(values, (value) => {
      const json = codec.encode(value)
      const decoded = codec.decode(parseFirstJson(JSON.stringify(json)))
      expect(decoded).toMatchObject(value as object)
      expect(codec.encode(decoded)).toEqual(json)
    }),
    { numRuns: 60 },
  )
}

const loose = <T, In>(codec: Message<T, In>): Message<In, In> => codec as unknown as Message<In, In>

test('KeyValue round-trips', () => {
  roundTrips(KeyValue, keyValue)
})

test('RangeRequest round-trips', () => {
  roundTrips<InputOf<typeof RangeRequest>>(loose(RangeRequest), rangeRequest)
})

test('RangeResponse round-trips', () => {
  const response = fc.record({ kvs: fc.array(keyValue, { maxLength: 3 }), count: revision })
  roundTrips<InputOf<typeof RangeResponse>>(loose(RangeResponse), response)
})

test('TxnRequest round-trips, nested', () => {
  roundTrips(loose(TxnRequest), txnRequest)
})

test('WatchResponse round-trips', () => {
  const event = fc.record({
    type: fc.constantFrom('PUT' as const, 'DELETE' as const),
    kv: keyValue,
  })
  const response = fc.record({
    watchId: fc.constantFrom(-1, 0, 5),
    created: fc.boolean(),
    events: fc.array(event, { maxLength: 3 }),
  })
  roundTrips<InputOf<typeof WatchResponse>>(loose(WatchResponse), response)
})

test('writes the names that etcd writes', () => {
  expect(LeaseGrantRequest.encode({ ttl: 5, id: '7' })).toEqual({ TTL: '5', ID: '7' })
  expect(
    LeaseTimeToLiveResponse.encode({ grantedTtl: 9, ttl: -1, keys: [new Uint8Array([97])] }),
  ).toEqual({ grantedTTL: '9', TTL: '-1', keys: ['YQ=='] })
  expect(
    TxnResponse.encode({
      succeeded: false,
      responses: [{ responseTxn: { header: {} } }, { responseDeleteRange: { deleted: 0 } }],
    }),
  ).toEqual({ responses: [{ response_txn: { header: {} } }, { response_delete_range: {} }] })
  expect(
    WatchRequest.encode({ createRequest: { prevKv: true, filters: ['NOPUT'], watchId: 1 } }),
  ).toEqual({ create_request: { prev_kv: true, filters: ['NOPUT'], watch_id: '1' } })
})

test('says what etcd says, and no more, of a sort option outside the enumeration', () => {
  const message = 'etcdserver: invalid sort option'
  for (const option of [{ sort_target: 9 }, { sortOrder: -1 }]) {
    expect(() => RangeRequest.decode(option)).toThrow(expect.objectContaining({ message }))
  }
})
