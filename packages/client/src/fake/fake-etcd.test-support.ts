/**
 * A cluster in memory, as a transport: every endpoint answers from one store, and a test decides
 * what goes wrong on the way, request by request.
 */

import {
  encodeErrorBody,
  etcdErrors,
  findRoute,
  httpStatusOf,
  LeaseGrantRequest,
  LeaseKeepAliveRequest,
  LeaseRevokeRequest,
  LeaseTimeToLiveRequest,
  MemberListRequest,
  parseFirstJson,
  RangeRequest,
  routes,
  TxnRequest,
  utf8Encode,
  WatchRequest,
  type EtcdError,
  type JsonObject,
  type RouteName,
} from '@holdfast/protocol'
import {
  connectionFailed,
  type Transport,
  type TransportRequest,
  type TransportResponse,
  type TransportStream,
} from '../transport/transport.js'
import { FakeStore } from './fake-store.test-support.js'

/** What goes wrong with one request. */
export type Fault =
  /** Nobody listens. */
  | 'refused'
  /** The connection breaks before the server reads the request. */
  | 'lost-request'
  /** It breaks after the server executed the request. */
  | 'lost-response'
  /** It breaks, and the request is executed when the test calls `deliverLate`. */
  | 'late'
  /** Nothing happens until the client gives up. */
  | 'hang'
  | EtcdError

export interface Sent {
  readonly name: RouteName | 'version'
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
}

/** An open watch. */
interface Stream {
  broken: boolean
  owesProgress: boolean
}

/** As etcd raises those that could not survive an election. */
const MIN_TTL_SECONDS = 2

/** Three members; the first leads. Their ids use the bits that a JavaScript number does not have. */
const MEMBERS = ['http://a', 'http://b', 'http://c'].map((url, index) => ({
  id: String(2n ** 64n - 3n + BigInt(index)),
  name: url.slice(-1),
  peerUrls: [`${url}:2380`],
  clientUrls: [url],
}))

export class FakeEtcd implements Transport {
  readonly store = new FakeStore()
  readonly sent: Sent[] = []
  /** Decides the fate of each request. */
  fault: (sent: Sent) => Fault | undefined = () => undefined
  /** How a request and its answer travel: a test may hold them. */
  travel: (name: string) => Promise<void> = () => Promise.resolve()
  /** What `GET /version` adds; undefined for a plain etcd. */
  holdfast: JsonObject | undefined
  readonly #streams = new Set<Stream>()
  readonly #late: (() => void)[] = []
  #wake: (() => void)[] = []

  async request(request: TransportRequest): Promise<TransportResponse> {
    const name: Sent['name'] = request.path === '/version' ? 'version' : findRoute(request.path)!
    const sent = { name, endpoint: request.endpoint, headers: request.headers }
    this.sent.push(sent)
    const fault = this.fault(sent)
    if (fault === 'refused') throw connectionFailed(new Error('refused'), false)
    if (fault === 'hang') await untilAborted(request.signal)
    await this.travel(`> ${name}`)
    if (fault === 'lost-request') throw connectionFailed(new Error('reset'), true)
    if (fault === 'late') {
      this.#late.push(() => this.#execute(sent, request.body))
      throw connectionFailed(new Error('reset'), true)
    }
    if (typeof fault === 'object') return refuse(fault)
    const response = this.#execute(sent, request.body)
    await this.travel(`< ${name}`)
    if (fault === 'lost-response') throw connectionFailed(new Error('reset'), true)
    return response
  }

  async stream(request: TransportRequest): Promise<TransportStream> {
    const sent = { name: 'watch' as const, endpoint: request.endpoint, headers: request.headers }
    this.sent.push(sent)
    const fault = this.fault(sent)
    if (fault === 'hang') await untilAborted(request.signal)
    if (fault !== undefined) throw connectionFailed(new Error('refused'), false)
    await this.travel('> watch')
    return { status: 200, chunks: this.#watch(request) }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  deliverLate(): void {
    for (const execute of this.#late.splice(0)) execute()
  }

  /** As a member does that dies. */
  breakStreams(): void {
    for (const stream of this.#streams) stream.broken = true
    this.changed()
  }

  /** As etcd does every ten minutes. */
  notifyProgress(): void {
    for (const stream of this.#streams) stream.owesProgress = true
    this.changed()
  }

  /** To be called after the store was changed directly. */
  changed(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }

  async *#watch(request: TransportRequest): AsyncGenerator<Uint8Array> {
    const { createRequest } = WatchRequest.decode(parseFirstJson(request.body!))
    const { store } = this
    let next = createRequest!.startRevision
    const stream: Stream = { broken: false, owesProgress: false }
    const end = (): void => {
      stream.broken = true
      this.changed()
    }
    const line = (message: Parameters<typeof routes.watch.response.encode>[0]): Uint8Array =>
      utf8Encode(JSON.stringify({ result: routes.watch.response.encode(message) }) + '\n')
    this.#streams.add(stream)
    request.signal.addEventListener('abort', end)
    try {
      yield line({ header: { revision: store.revision }, created: true })
      if (next < store.compactRevision) {
        yield line({ canceled: true, compactRevision: store.compactRevision })
        return
      }
      while (!stream.broken) {
        const { filters } = createRequest!
        const news = store.events(createRequest!, next).map(({ events }) => ({
          events: events.filter(
            ({ type }) => !filters.includes(type === 'PUT' ? 'NOPUT' : 'NODELETE'),
          ),
        }))
        next = Math.max(next, store.revision + 1)
        for (const { events } of news) if (events.length > 0) yield line({ events })
        if (stream.owesProgress && next > store.revision) {
          stream.owesProgress = false
          if (createRequest!.progressNotify) yield line({ header: { revision: store.revision } })
        }
        if (next > store.revision) await new Promise<void>((resolve) => this.#wake.push(resolve))
        await this.travel('< watch')
      }
      throw connectionFailed(new Error('reset'), true)
    } finally {
      this.#streams.delete(stream)
      request.signal.removeEventListener('abort', end)
    }
  }

  #execute({ name, endpoint }: Sent, body: string | undefined): TransportResponse {
    const { store } = this
    const header = { revision: store.revision }
    const json = parseFirstJson(body ?? '')
    switch (name) {
      case 'version':
        return answer({ etcdserver: '3.6.0', ...(this.holdfast && { holdfast: this.holdfast }) })
      case 'range':
        return answer(
          routes.range.response.encode({ header, ...store.range(RangeRequest.decode(json)) }),
        )
      case 'put':
        store.txn(TxnRequest.decode({ success: [{ request_put: json }] }))
        this.changed()
        return answer(routes.put.response.encode({ header: { revision: store.revision } }))
      case 'deleteRange': {
        const done = store.txn(TxnRequest.decode({ success: [{ request_delete_range: json }] }))
        this.changed()
        const { deleted } = done.responses?.[0]?.responseDeleteRange ?? {}
        return answer(routes.deleteRange.response.encode({ header: done.header, deleted }))
      }
      case 'txn':
        return this.#txn(TxnRequest.decode(json))
      case 'memberList':
        MemberListRequest.decode(json)
        return answer(routes.memberList.response.encode({ members: MEMBERS }))
      case 'status':
        return this.#status(endpoint)
      case 'leaseGrant':
        return this.#grant(LeaseGrantRequest.decode(json))
      case 'leaseRevoke':
        return this.#revoke(LeaseRevokeRequest.decode(json))
      case 'leaseKeepAlive': {
        const { id } = LeaseKeepAliveRequest.decode(json)
        const ttl = store.leases.has(id) ? store.ttls.get(id)! : 0
        return answer({ result: routes.leaseKeepAlive.response.encode({ id, ttl }) })
      }
      case 'leaseTimeToLive':
        return this.#timeToLive(LeaseTimeToLiveRequest.decode(json))
      case 'leaseLeases': {
        const leases = [...store.leases].map((id) => ({ id }))
        return answer(routes.leaseLeases.response.encode({ leases }))
      }
      case 'memberAdd':
      case 'memberRemove':
      case 'memberUpdate':
      case 'memberPromote':
      case 'moveLeader':
      case 'watch':
      case 'compaction':
      case 'alarm':
      case 'defragment':
      case 'hash':
      case 'hashKv':
      case 'snapshot':
      case 'downgrade':
      case 'lock':
      case 'unlock':
      case 'campaign':
      case 'proclaim':
      case 'leader':
      case 'observe':
      case 'resign':
        return refuse({ code: 12, message: `${name} is not faked` })
    }
  }

  #status(endpoint: string): TransportResponse {
    const [leader] = MEMBERS
    const member = MEMBERS.find(({ clientUrls }) => clientUrls.includes(endpoint))
    const { revision } = this.store
    return answer(
      routes.status.response.encode({
        header: { clusterId: '7', memberId: member!.id, revision, raftTerm: 2 },
        ...{ version: '3.6.0', leader: leader!.id, dbSize: 4096, dbSizeInUse: 1024 },
        ...{ raftIndex: 9, raftTerm: 2, raftAppliedIndex: 8 },
      }),
    )
  }

  #grant({ id, ttl }: LeaseGrantRequest): TransportResponse {
    if (this.store.leases.has(id)) return refuse(etcdErrors.leaseExists)
    const granted = Math.max(ttl, MIN_TTL_SECONDS)
    const lease = { id: this.store.grant(granted, id === '0' ? undefined : id), ttl: granted }
    return answer(routes.leaseGrant.response.encode(lease))
  }

  #revoke({ id }: LeaseRevokeRequest): TransportResponse {
    if (!this.store.leases.has(id)) return refuse(etcdErrors.leaseNotFound)
    this.store.revoke(id)
    this.changed()
    return answer({})
  }

  /** Time stands still for the leases here: what is left is what was granted. */
  #timeToLive({ id, keys }: LeaseTimeToLiveRequest): TransportResponse {
    const { store } = this
    const ttl = store.ttls.get(id)
    const known = store.leases.has(id) && ttl !== undefined
    const state = known
      ? { id, ttl, grantedTtl: ttl, keys: keys ? store.leasedKeys(id) : [] }
      : { id, ttl: -1 }
    return answer(routes.leaseTimeToLive.response.encode(state))
  }

  #txn(request: TxnRequest): TransportResponse {
    const leases = request.success.map(({ requestPut }) => requestPut?.lease ?? '0')
    if (leases.some((id) => id !== '0' && !this.store.leases.has(id))) {
      return refuse(etcdErrors.leaseNotFound)
    }
    const response = this.store.txn(request)
    this.changed()
    return answer(routes.txn.response.encode(response))
  }
}

function answer(json: JsonObject): TransportResponse {
  return { status: 200, body: JSON.stringify(json) }
}

function refuse(error: EtcdError): TransportResponse {
  return { status: httpStatusOf(error.code).http, body: JSON.stringify(encodeErrorBody(error)) }
}

async function untilAborted(signal: AbortSignal): Promise<never> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve())
  })
  throw connectionFailed(signal.reason, true)
}
