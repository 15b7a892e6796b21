/**
 * The real HTTP edge before a real member that is alone in its cluster, reached without a socket, and
 * readers and bodies for its streams.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Hono } from 'hono'
import { CoordinatorNode } from '../node/coordinator-node.js'
import type { PeerTransport } from '../node/peer-transport.js'
import { decodeProposal, encodeProposal } from '../state-machine/proposal-codec.js'
import { openStorage, type Storage } from '../storage/open-storage.js'
import { WatchHub } from '../watch/watch-hub.js'
import { systemClock } from '../time/clock.js'
import { StoreHashes } from '../node/store-hashes.js'
import { createApp } from './app.js'
import type { EdgeContext } from './edge-context.js'
import { LargeReads } from './large-reads.js'
import { Quota } from './quota.js'

export const CLUSTER_ID = '18446744073709551615'
export const MEMBER_ID = '9223372036854775808'

export type Json = Readonly<Record<string, unknown>>

export interface Answer {
  readonly status: number
  readonly body: Json
}

export interface Edge {
  readonly app: Hono
  readonly context: EdgeContext
  readonly node: CoordinatorNode
  readonly hub: WatchHub
  /** What was reported as a defect of ours. */
  readonly defects: unknown[]
  /** Sends a text as it is, anything else as JSON. */
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  /** For streams: the response itself. */
  open(
    path: string,
    body: string | ReadableStream,
    headers?: Record<string, string>,
  ): Promise<Response>
  /** The revision and the hash of everything that can be read. */
  fingerprint(): unknown
  close(): Promise<void>
}

const silence: PeerTransport = {
  send: () => undefined,
  flush: () => undefined,
  request: () => Promise.reject(new Error('there is nobody')),
  setPeers: () => undefined,
  close: () => Promise.resolve(),
}

export interface EdgeOptions {
  /** Without an answer from these there is no leader. */
  readonly absentVoters?: readonly string[]
  readonly electionTicks?: number
  readonly quotaBytes?: number
}

/** Resolves when it can be written to, or at once when it never will be. */
export async function startEdge(options: EdgeOptions = {}): Promise<Edge> {
  const { absentVoters = [], electionTicks = 10, quotaBytes = Infinity } = options
  const parent = mkdtempSync(join(tmpdir(), 'holdfast-edge-'))
  const membership = { voters: [MEMBER_ID, ...absentVoters], learners: [] }
  const fatal: unknown[] = []
  const onFatal = (error: unknown): void => void fatal.push(error)
  const storage = await openStorage({
    directory: join(parent, 'data'),
    identity: { clusterId: CLUSTER_ID, memberId: MEMBER_ID },
    membership,
    onFatal,
  })
  const hub = new WatchHub(storage.state, systemClock, onFatal)
  const node = new CoordinatorNode({
    memberId: MEMBER_ID,
    incarnation: 'test',
    tickMs: 100,
    heartbeatTicks: 1,
    electionTicks,
    seed: 1,
    clock: systemClock,
    log: storage.log,
    state: storage.state,
    applyGate: () => storage.applyGate,
    snapshots: {
      take: () => storage.outgoing.take(),
      send: () => Promise.reject(new Error('there is nobody to send it to')),
      install: () => storage.installSnapshot(),
      discard: () => storage.discardSnapshot(),
      durableIndex: () => storage.durableAppliedIndex,
      oldestSentIndex: () => storage.outgoing.oldestIndex,
    },
    codec: { encode: encodeProposal, decode: decodeProposal },
    transport: silence,
    onApplied: (batch) => hub.onApplied(batch.revisions),
    onRestored: (revision) => hub.onRestored(revision),
    onStatus: () => undefined,
    onFatal,
  })
  const context = contextOf(storage, { node, hub, limitBytes: quotaBytes })
  const defects: unknown[] = []
  const app = createApp({ context, onDefect: (error) => defects.push(error) })
  node.start()
  if (absentVoters.length === 0) await node.readBarrier(10_000)

  const open: Edge['open'] = async (path, body, headers = {}) =>
    app.request(path, { method: 'POST', body, headers, duplex: 'half' })
  return {
    app,
    context,
    node,
    hub,
    defects,
    open,
    async post(path, body = {}, headers = {}) {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const response = await open(path, text, headers)
      return { status: response.status, body: (await response.json()) as Json }
    },
    fingerprint: () => storage.state.hash(),
    async close() {
      await node.close()
      hub.close()
      await storage.close()
      rmSync(parent, { recursive: true, force: true })
      if (fatal.length > 0) throw new Error('the member had to stop', { cause: fatal[0] })
    },
  }
}

function contextOf(
  storage: Storage,
  { node, hub, limitBytes }: { node: CoordinatorNode; hub: WatchHub; limitBytes: number },
): EdgeContext {
  let leases = 0
  const quota = new Quota({ limitBytes, memberId: MEMBER_ID, node, timeoutMs: 7_000 })
  return {
    node,
    hub,
    quota,
    largeReads: new LargeReads(systemClock),
    hashes: new StoreHashes(node.state, systemClock),
    takeBackup: () => storage.backups.take(() => node.findsRoomFor(storage.state.sizeBytes)),
    clock: systemClock,
    clusterId: CLUSTER_ID,
    memberId: MEMBER_ID,
    members: () => [
      {
        ...{ id: MEMBER_ID, name: 'one', isLearner: false },
        ...{ peerUrls: ['http://p'], clientUrls: ['http://c'] },
      },
    ],
    drawMemberId: () => '99',
    drawLeaseId: () => String(++leases),
    metrics: () => Promise.resolve({ contentType: 'text/plain; version=0.0.4', body: 'up 1\n' }),
  }
}

export function base64(text: string): string {
  return Buffer.from(text, 'latin1').toString('base64')
}

/** Reads a stream of messages, and insists that each chunk is exactly one line. */
export class Lines {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>

  constructor(response: Response) {
    this.#reader = response.body!.getReader()
  }

  /** The next message; undefined at the end. */
  async next(): Promise<Json | undefined> {
    const { done, value } = await this.#reader.read()
    if (done) return undefined
    const text = Buffer.from(value).toString()
    if (text.indexOf('\n') !== text.length - 1) throw new Error(`no line: ${JSON.stringify(text)}`)
    return JSON.parse(text) as Json
  }

  /** The result of the next message. */
  async result(): Promise<Json> {
    const line = await this.next()
    if (line === undefined || !('result' in line))
      throw new Error(`no result: ${JSON.stringify(line)}`)
    return line['result'] as Json
  }

  async results(count: number): Promise<Json[]> {
    const results: Json[] = []
    while (results.length < count) results.push(await this.result())
    return results
  }

  /** Everything up to the end. */
  async rest(): Promise<Json[]> {
    const lines: Json[] = []
    for (let line = await this.next(); line !== undefined; line = await this.next())
      lines.push(line)
    return lines
  }

  /** The client leaves. */
  async leave(): Promise<void> {
    await this.#reader.cancel()
  }
}

/** The body of a request that goes on while its response is read. */
export class OpenBody {
  #controller!: ReadableStreamDefaultController<Uint8Array>
  /** Whether the server has stopped reading it for good. */
  isCancelled = false
  readonly stream = new ReadableStream<Uint8Array>({
    start: (controller) => {
      this.#controller = controller
    },
    cancel: () => {
      this.isCancelled = true
    },
  })

  /** How much of it waits to be read. */
  get unread(): number {
    return 1 - (this.#controller.desiredSize ?? 1)
  }

  send(...messages: readonly unknown[]): void {
    for (const message of messages) {
      const text = typeof message === 'string' ? message : JSON.stringify(message)
      this.#controller.enqueue(Buffer.from(text))
    }
  }

  end(): void {
    this.#controller.close()
  }

  /** As when the connection breaks. */
  break(): void {
    this.#controller.error(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }))
  }
}

/** Turns of the event loop, in which everything that is already possible happens. */
export async function settle(turns = 5): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
}
