/** Sends a request to a real etcd and to ours, and says whether they answer alike. */

import type { Answer, Answers, Asked } from './deliberate-differences/difference.js'
import {
  areEqual,
  evened,
  parsed,
  respelt,
  whyOnlyOurs,
  whyTheyDiffer,
} from './deliberate-differences/judge.js'
import { isHarmful } from './harmful-requests.js'
import { exchange } from './wire-exchange.js'
import type { WireRequest } from './wire-request.js'
import { startEtcd, startOurs, type WireTarget } from './wire-target.js'

export interface Difference {
  readonly request: Asked
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
    if (isHarmful(parsed(request.body))) return { kind: 'not sent' }
    const ours = await this.#ask(this.ours, request)
    const onlyOurs = whyOnlyOurs(request, ours)
    if (onlyOurs !== undefined) return { kind: onlyOurs }
    const etcd = await this.#ask(this.etcd, { ...request, body: respelt(request.body) })
    return { ...this.judge(request, { etcd, ours }), etcd, ours }
  }

  judge(request: Asked, both: Answers): Verdict {
    const even = evened(request, both)
    if (areEqual(even)) return { kind: `status ${both.etcd.status}` }
    const meant = whyTheyDiffer(request, even)
    if (meant !== undefined) return { kind: meant }
    return { kind: 'different', difference: { request, ...even } }
  }

  async #ask(target: WireTarget, request: WireRequest): Promise<Answer> {
    const answer = await exchange(target.url, request).catch((error: unknown) => {
      throw new Error(`no answer to ${JSON.stringify(request)}`, { cause: error })
    })
    const body = answer.body as Answer['body']
    if (answer.status === 200 && request.path.endsWith('/lease/grant')) {
      await this.#revoke(target, body)
    }
    return { ...answer, body }
  }

  /** A short lease would end in the middle of another request. */
  async #revoke({ url }: WireTarget, { ID }: Answer['body']): Promise<void> {
    if (this.#keptLeases.has(ID)) return
    await exchange(url, { path: '/v3/lease/revoke', body: JSON.stringify({ ID }) })
  }
}
