/** Sends a request to a real etcd and to ours, and says whether they answer alike. */

import { isDeepStrictEqual } from 'node:util'
import { parseFirstJson } from '@holdfast/protocol'
import { isSaneToDiffer, refusals, respellings, rewordings } from './deliberate-differences.js'
import { isHarmful } from './harmful-requests.js'
import { exchange, type WireRequest } from './wire-exchange.js'
import { startEtcd, startOurs, type WireTarget } from './wire-target.js'

export interface Answer {
  readonly status: number
  readonly body: { readonly message?: string; readonly [field: string]: unknown }
}

export interface Difference {
  readonly request: WireRequest
  readonly etcd: Answer
  readonly ours: Answer
}

export interface Verdict {
  /** What kind of request it turned out to be, for a tally. */
  readonly kind: string
  /** Both answers, if they differ and are not meant to. */
  readonly difference?: Difference
  /** Undefined where the request was not sent. */
  readonly etcd?: Answer
  readonly ours?: Answer
}

export class Referee {
  readonly etcd: WireTarget
  readonly ours: WireTarget
  /** Leases with these ids stay when they are granted; any other is revoked at once. */
  readonly #keptLeases: ReadonlySet<unknown>
  readonly #memberIds = new Map<string, string>()

  private constructor(etcd: WireTarget, ours: WireTarget, keptLeases: ReadonlySet<unknown>) {
    this.etcd = etcd
    this.ours = ours
    this.#keptLeases = keptLeases
  }

  static async start(keptLeases: Iterable<string>): Promise<Referee> {
    const [etcd, ours] = await Promise.all([startEtcd(), startOurs()])
    // A leader that has just been elected gives the leases that it finds some more time.
    for (const { url } of [etcd, ours])
      await exchange(url, { path: '/v3/kv/range', body: '{"key":"YQ=="}' })
    return new Referee(etcd, ours, new Set(keptLeases))
  }

  /** Of the only member there is. */
  async memberId(server: 'etcd' | 'ours'): Promise<string> {
    const known = this.#memberIds.get(server)
    if (known !== undefined) return known
    const response = await fetch(`${this[server].url}/v3/maintenance/status`, { method: 'POST' })
    const { header } = (await response.json()) as {
      readonly header: { readonly member_id: string }
    }
    this.#memberIds.set(server, header.member_id)
    return header.member_id
  }

  async close(): Promise<void> {
    await Promise.all([this.etcd.close(), this.ours.close()])
  }

  async compare(request: WireRequest): Promise<Verdict> {
    const json = parsed(request.body)
    if (isHarmful(json)) return { kind: 'not sent' }
    const ours = await this.#ask(this.ours, request)
    const refusal = refusals.find(({ says }) => says.test(ours.body.message ?? ''))
    if (refusal !== undefined) return { kind: refusal.what }
    const body = respellings.reduce((text, { respell }) => respell(text), request.body)
    const etcd = await this.#ask(this.etcd, { ...request, body })
    return { ...this.judge(request, { etcd, ours }), etcd, ours }
  }

  judge(
    request: WireRequest,
    { etcd, ours }: { readonly etcd: Answer; readonly ours: Answer },
  ): Verdict {
    if (isDeepStrictEqual(ours, etcd)) return { kind: `status ${etcd.status}` }
    const json = parsed(request.body)
    const rewording = rewordings.find(({ appliesTo }) => appliesTo(json))
    if (rewording !== undefined && etcd.status === 400 && haveOneCode(ours, etcd)) {
      return { kind: rewording.what }
    }
    const meant = isSaneToDiffer(request, { etcd, ours })
    if (meant !== undefined) return { kind: meant }
    return { kind: 'different', difference: { request, etcd, ours } }
  }

  async #ask(target: WireTarget, request: WireRequest): Promise<Answer> {
    const answer = await exchange(target.url, request).catch((error: unknown) => {
      throw new Error(`no answer to ${JSON.stringify(request)}`, { cause: error })
    })
    const body = answer.body as Answer['body']
    if (answer.status === 200 && request.path.endsWith('/lease/grant')) {
      await this.#revoke(target, body)
    }
    return comparable(request, { status: answer.status, body })
  }

  /** A short lease would end in the middle of another request. */
  async #revoke({ url }: WireTarget, { ID }: Answer['body']): Promise<void> {
    if (this.#keptLeases.has(ID)) return
    await exchange(url, { path: '/v3/lease/revoke', body: JSON.stringify({ ID }) })
  }
}

/**
 * etcd 3.4 answers code 9 with 412, later versions with 400. Ids that were drawn and times that are
 * left are their own, and a lease's keys have no order.
 */
export function comparable({ path }: WireRequest, { status, body }: Answer): Answer {
  if (status !== 200) return { status: status === 412 ? 400 : status, body }
  if (path.endsWith('/lease/grant')) return { status, body: { ...body, ID: undefined } }
  if (path === '/v3/cluster/member/list')
    return { status, body: { ...body, members: shapes(body['members']) } }
  if (!path.endsWith('/lease/timetolive')) return { status, body }
  const keys = (body['keys'] as readonly string[] | undefined)?.toSorted()
  return { status, body: { ...body, TTL: typeof body['TTL'], keys } }
}

/** Of each member, what is told of it, but not that. */
function shapes(members: unknown): unknown {
  return (members as readonly object[]).map((member) => Object.keys(member))
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
