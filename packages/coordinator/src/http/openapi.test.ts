/** The document says of the wire what the wire does. */

import { Validator } from '@seriousme/openapi-schema-validator'
import { routes, type RouteName } from '@holdfast/protocol'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { base64, Lines, startEdge, type Edge, type Json } from './edge.test-support.js'

let edge: Edge
let document: Json

beforeAll(async () => {
  edge = await startEdge()
  document = (await (await edge.app.request('/openapi.json')).json()) as Json
})
afterAll(() => edge.close())

it('is an OpenAPI document', async () => {
  const result = await new Validator().validate(document)
  expect(result.errors).toBeUndefined()
  expect(result.valid).toBe(true)
})

it('has every path of the wire, and those beside it', () => {
  const paths = Object.values(routes).flatMap(({ path, aliases }) => [path, ...aliases])
  const listed = Object.keys(document['paths'] as Json)
  expect(listed).toEqual(expect.arrayContaining(paths.map((path) => `/v3${path}`)))
  for (const path of listed.filter((one) => !one.startsWith('/v3'))) {
    expect(path).toMatch(/^\/(version|health|livez|readyz|metrics)$/)
  }
})

it('takes nothing but a GET', async () => {
  expect((await edge.app.request('/openapi.json', { method: 'POST' })).status).toBe(405)
})

/** No field may be in an answer that the document does not name. */
function complaintsOf(schemaName: string, value: unknown): unknown {
  const { schemas } = document['components'] as { readonly schemas: Record<string, Json> }
  const closed = Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [
      name,
      { ...schema, additionalProperties: false },
    ]),
  )
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  const root = { components: { schemas: closed }, $ref: `#/components/schemas/${schemaName}` }
  return ajv.validate(root, value) ? undefined : ajv.errors
}

const KEY = base64('key')
const asked: readonly (readonly [RouteName, Json])[] = [
  ['leaseGrant', { ID: '7', TTL: '60' }],
  ['put', { key: KEY, value: base64('v'), lease: '7' }],
  ['put', { key: KEY, prev_kv: true }],
  ['range', { key: KEY }],
  ['txn', { compare: [{ key: KEY, version: '2' }], success: [{ request_range: { key: KEY } }] }],
  ['txn', { success: [{ request_txn: { success: [{ request_delete_range: { key: KEY } }] } }] }],
  ['deleteRange', { key: KEY, prev_kv: true }],
  ['leaseTimeToLive', { ID: '7', keys: true }],
  ['leaseLeases', {}],
  ['memberList', {}],
  ['status', {}],
  ['alarm', { action: 'ACTIVATE', memberID: '5', alarm: 'NOSPACE' }],
  ['alarm', { action: 'DEACTIVATE', memberID: '5', alarm: 'NOSPACE' }],
  ['defragment', {}],
  ['hash', {}],
  ['hashKv', {}],
  ['lock', { name: KEY, lease: '7' }],
  ['unlock', { key: base64('key/7') }],
  ['campaign', { name: KEY, lease: '7', value: KEY }],
  ['leader', { name: KEY }],
  ['leaseRevoke', { ID: '7' }],
  ['compaction', { revision: '2' }],
]

describe('what is answered fits it', () => {
  it.each(asked)('%s %j', async (name, body) => {
    expect(complaintsOf(routes[name].request.name, body)).toBeUndefined()
    const answer = await edge.post(`/v3${routes[name].path}`, body)
    expect(answer.status).toBe(200)
    expect(complaintsOf(routes[name].response.name, answer.body)).toBeUndefined()
  })

  it('a refusal', async () => {
    const { body } = await edge.post('/v3/kv/put', {})
    expect(complaintsOf('Error', body)).toBeUndefined()
  })

  it('what ends a stream that has begun', async () => {
    const lines = new Lines(
      await edge.open('/v3/watch', `{"create_request":{"key":"${KEY}"}} nonsense`),
    )
    const [, { error }] = (await lines.rest()) as [Json, Json]
    expect(complaintsOf('StreamError', error)).toBeUndefined()
  })

  it('a line of a stream', async () => {
    const request = { create_request: { key: KEY } }
    const lines = new Lines(await edge.open('/v3/watch', JSON.stringify(request)))
    expect(complaintsOf('WatchResponse', await lines.result())).toBeUndefined()
    await edge.post('/v3/kv/put', { key: KEY })
    expect(complaintsOf('WatchResponse', await lines.result())).toBeUndefined()
    await lines.leave()
  })

  it('and what is wrong does not', () => {
    expect(complaintsOf('PutRequest', { key: 5 })).toBeDefined()
    expect(complaintsOf('PutResponse', { unknown: true })).toBeDefined()
  })
})
