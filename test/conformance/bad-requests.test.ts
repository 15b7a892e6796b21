/**
 * Bad input gets etcd's answer: status, code and message. `HOLDFAST_BAD_REQUESTS` is how many are
 * sent, `HOLDFAST_BAD_REQUESTS_SEED` decides which.
 */

import { isDeepStrictEqual } from 'node:util'
import { parseFirstJson } from '@holdfast/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../e2e/seeded-random.js'
import { badRequests, KEPT_LEASE } from './bad-requests.js'
import { refusals, respellings, rewordings } from './deliberate-differences.js'
import { isHarmful } from './harmful-requests.js'
import { exchange, type WireRequest } from './wire-exchange.js'
import { etcdIsInstalled, startEtcd, startOurs, type WireTarget } from './wire-target.js'

const COUNT = Number(process.env['HOLDFAST_BAD_REQUESTS'] ?? '800')
const seed = Number(
  process.env['HOLDFAST_BAD_REQUESTS_SEED'] ?? Math.floor(Math.random() * 2 ** 32),
)
/** More than these would only hide which was first. */
const MAX_REPORTED = 10

const LEASE_GRANT = '/v3/lease/grant'

interface Answer {
  readonly status: number
  readonly body: { readonly message?: string; readonly [field: string]: unknown }
}

interface Difference {
  readonly request: WireRequest
  readonly etcd: Answer
  readonly ours: Answer
}

describe.skipIf(!etcdIsInstalled())('bad and half-bad requests (etcd is the referee)', () => {
  let etcd: WireTarget
  let ours: WireTarget

  beforeAll(async () => {
    ;[etcd, ours] = await Promise.all([startEtcd(), startOurs()])
    await compare({ path: LEASE_GRANT, body: `{"ID":"${KEPT_LEASE}","TTL":"6000"}` })
    for (const key of ['YQ==', 'Yg==', 'eQ==']) {
      await compare({ path: '/v3/kv/put', body: `{"key":"${key}","value":"${key}"}` })
    }
  })
  afterAll(async () => {
    await Promise.all([etcd.close(), ours.close()])
  })

  /** What kind of request it turned out to be; both answers if they differ and are not meant to. */
  async function compare(request: WireRequest): Promise<string | Difference> {
    const json = parsed(request.body)
    if (isHarmful(json)) return 'not sent'
    const actual = await ask(ours, request)
    const refusal = refusals.find(({ says }) => says.test(actual.body.message ?? ''))
    if (refusal !== undefined) return refusal.what
    const body = respellings.reduce((text, { respell }) => respell(text), request.body)
    const expected = await ask(etcd, { ...request, body })
    if (isDeepStrictEqual(actual, expected)) return `status ${expected.status}`
    const rewording = rewordings.find(({ appliesTo }) => appliesTo(json))
    if (rewording !== undefined && expected.status === 400 && haveOneCode(actual, expected)) {
      return rewording.what
    }
    return { request, etcd: expected, ours: actual }
  }

  it(
    'have the same status, code and message, and the same effect',
    async () => {
      console.log(`HOLDFAST_BAD_REQUESTS_SEED=${seed} HOLDFAST_BAD_REQUESTS=${COUNT}`)
      const differences: Difference[] = []
      const tally = new Map<string, number>()
      for (const request of badRequests(seededRandom(seed), COUNT)) {
        const found = await compare(request)
        if (typeof found === 'string') {
          tally.set(found, (tally.get(found) ?? 0) + 1)
          continue
        }
        differences.push(found)
        // What only one of them did would show in all that follows.
        if (found.etcd.status !== found.ours.status || differences.length === MAX_REPORTED) break
      }
      console.log(Object.fromEntries(tally))
      expect(differences).toEqual([])
      const everything = { path: '/v3/kv/range', body: '{"key":"AA==","range_end":"AA=="}' }
      expect(await compare(everything)).toBe('status 200')
    },
    60_000 + COUNT * 50,
  )
})

async function ask(target: WireTarget, request: WireRequest): Promise<Answer> {
  const answer = await exchange(target.url, request).catch((error: unknown) => {
    throw new Error(`no answer to ${JSON.stringify(request)}`, { cause: error })
  })
  const body = answer.body as Answer['body']
  if (answer.status === 200 && request.path === LEASE_GRANT) await revoke(target, body)
  return comparable(request, { status: answer.status, body })
}

/** A short lease would end in the middle of another request. */
async function revoke({ url }: WireTarget, { ID }: Answer['body']): Promise<void> {
  if (ID === KEPT_LEASE) return
  await exchange(url, { path: '/v3/lease/revoke', body: JSON.stringify({ ID }) })
}

/**
 * etcd 3.4 answers code 9 with 412, later versions with 400. Ids that were drawn and times that are
 * left are their own, and a lease's keys have no order.
 */
function comparable({ path }: WireRequest, { status, body }: Answer): Answer {
  if (status !== 200) return { status: status === 412 ? 400 : status, body }
  if (path === LEASE_GRANT) return { status, body: { ...body, ID: undefined } }
  if (path !== '/v3/lease/timetolive') return { status, body }
  const keys = (body['keys'] as readonly string[] | undefined)?.toSorted()
  return { status, body: { ...body, TTL: typeof body['TTL'], keys } }
}

function haveOneCode(left: Answer, right: Answer): boolean {
  return left.status === right.status && left.body['code'] === right.body['code']
}

function parsed(body: string): unknown {
  try {
    return parseFirstJson(body)
  } catch {
    return undefined
  }
}
