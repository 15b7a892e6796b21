/**
 * The network between members: to each peer two outgoing streams, from each two incoming ones, and
 * questions with answers on top. Implements what `node/` asks of its transport.
 */

import { randomUUID } from 'node:crypto'
import type { InstallSnapshot, MemberId, Message } from '@holdfast/raft'
import { Namesakes } from './namesakes.js'
import type { StreamRefusal } from './open-stream.js'
import { PeerChannel } from './peer-channel.js'
import type { PeerMessage, PeerQuestion, PeerReply } from './peer-codec.js'
import { PeerListener } from './peer-listener.js'
import { PeerPromises, type LogAtStart } from './peer-promises.js'
import { LASTING_CHANNELS, type DirectoryStamp, type LastingChannel } from './peer-protocol.js'
import type { SnapshotFile } from './snapshot-protocol.js'
import { SnapshotReceiver, type SnapshotReceiverOptions } from './snapshot-receiver.js'
import { sendSnapshot } from './snapshot-sender.js'

/** What arrives is handed to it; the node implements it. */
export interface StreamHandler {
  onMessage(message: Message): void
  onRequest(body: unknown): Promise<unknown>
  onUnreachable(id: MemberId): void
  /** A peer says that this member was removed from the cluster. */
  onRemoved(): void
  /** A peer says what this member has lost that it had said it holds. */
  onForgetful(lost: string): void
  /** A peer says that another process is the member that this one takes itself for. */
  onNamesake(other: string): void
  /** The peer at this URL says that it belongs to another cluster; this member is not known in any. */
  onOtherCluster(url: string): void
  readonly beginSnapshot: SnapshotReceiverOptions['begin']
  readonly onSnapshot: SnapshotReceiverOptions['onReceived']
}

export interface StreamTransportOptions {
  readonly clusterId: string
  readonly memberId: MemberId
  /** The other members and where they listen, to begin with. */
  readonly peers: ReadonlyMap<MemberId, { readonly url: string }>
  readonly wasRemoved: (id: MemberId) => boolean
  /** What this member's disk held when it started. */
  readonly start: LogAtStart
  /** The one that this member runs on. */
  readonly directory: DirectoryStamp
  /** What a member on this directory has lost, as far as is known now. */
  readonly forgotten: (id: MemberId, directory: DirectoryStamp | undefined) => string | undefined
  /** What a member that wants to join is told. */
  readonly describeCluster: () => string
  readonly handler: StreamHandler
  /** A stream was refused, here or there: worth one line in the log. */
  readonly onRefused: (reason: string) => void
}

const MAX_FIRST_QUESTION_ID = 2 ** 32

type Channels = Readonly<Record<LastingChannel, PeerChannel>>

interface Asked {
  readonly of: MemberId
  resolve(body: unknown): void
  reject(error: Error): void
}

export class StreamTransport {
  readonly #options: StreamTransportOptions
  readonly #listener: PeerListener
  readonly #channels = new Map<MemberId, Channels>()
  #peers: StreamTransportOptions['peers']
  #isOpen = false
  readonly #promises = new PeerPromises()
  readonly #namesakes: Namesakes
  /** Somebody has opened a stream to this member. */
  #isKnown = false
  readonly #run = randomUUID()
  readonly #snapshots: SnapshotReceiver
  /** Ends what is being sent when the transport closes. */
  readonly #closing = new AbortController()
  readonly #asked = new Map<number, Asked>()
  /** An answer to a question of an earlier run must not be taken for one of this run's. */
  #lastQuestionId = Math.floor(Math.random() * MAX_FIRST_QUESTION_ID)

  constructor(options: StreamTransportOptions) {
    this.#options = options
    const { clusterId, memberId, peers, handler } = options
    this.#peers = peers
    this.#snapshots = new SnapshotReceiver({
      memberId,
      begin: (message, file) => handler.beginSnapshot(message, file),
      onReceived: (message) => handler.onSnapshot(message),
    })
    this.#namesakes = new Namesakes({
      urlOf: (id) => this.#peers.get(id)?.url,
      onFound: (id, refusal) => {
        options.onRefused(refusal)
        this.#listener.drop(id)
      },
    })
    this.#listener = new PeerListener({
      clusterId,
      memberId,
      isPeer: (id) => this.#peers.has(id),
      wasRemoved: options.wasRemoved,
      broken: (id, run, start) => this.#promises.broken(id, run, start),
      forgotten: options.forgotten,
      namesake: (run) => this.#namesakes.refusal(run),
      run: this.#run,
      onStream: (from, run) => {
        this.#isKnown = true
        void this.#namesakes.check(from, run)
      },
      describeCluster: options.describeCluster,
      onMessage: (from, message) => this.#receive(from, message),
      onSnapshotStream: (socket, from, head) => this.#snapshots.serve(socket, from, head),
      onRefused: options.onRefused,
    })
    for (const [id, { url }] of peers) this.#addChannels(id, url)
  }

  /** @throws when the address is in use */
  async listen(host: string, port: number): Promise<void> {
    await this.#listener.listen(host, port)
    this.#isOpen = true
    for (const channels of this.#channels.values()) openAll(channels)
  }

  /** From now on these are the other members. Whoever is none any more is cut off. */
  setPeers(peers: StreamTransportOptions['peers']): void {
    const before = this.#peers
    this.#peers = peers
    for (const [id, { url }] of before) {
      if (peers.get(id)?.url === url) continue
      closeAll(this.#channels.get(id))
      this.#channels.delete(id)
      this.#onBroken(id, 'control')
      if (!peers.has(id)) this.#listener.drop(id)
    }
    for (const [id, { url }] of peers) {
      if (this.#channels.has(id)) continue
      const channels = this.#addChannels(id, url)
      if (this.#isOpen) openAll(channels)
    }
  }

  /** `forgotten` may have another answer now. */
  dropForgetful(): void {
    this.#listener.dropForgetful()
  }

  /** An `installSnapshot` goes with its file: see `sendSnapshot`. */
  send(message: Message): void {
    if (message.type === 'installSnapshot') return
    this.#channels.get(message.to)?.[channelOf(message)].send(message)
  }

  flush(): void {
    for (const { control, log } of this.#channels.values()) {
      control.flush()
      log.flush()
    }
  }

  request(to: MemberId, body: unknown, timeoutMs: number): Promise<unknown> {
    const control = this.#channels.get(to)?.control
    if (control === undefined) return Promise.reject(new Error(`${to} is no peer`))
    this.#lastQuestionId += 1
    const id = this.#lastQuestionId
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer)
        this.#asked.delete(id)
      }
      const asked: Asked = {
        of: to,
        resolve: (answer) => {
          settle()
          resolve(answer)
        },
        reject: (error) => {
          settle()
          reject(error)
        },
      }
      const timer = setTimeout(() => asked.reject(new Error('no answer in time')), timeoutMs)
      this.#asked.set(id, asked)
      control.send({ type: 'question', id, body })
      control.flush()
    })
  }

  /** Sends the file at `path`, of which the receiver's core is told by `message`. */
  sendSnapshot(message: InstallSnapshot, path: string, file: SnapshotFile): Promise<void> {
    const { clusterId, memberId, start, directory } = this.#options
    const peer = this.#peers.get(message.to)
    if (peer === undefined) return Promise.reject(new Error(`${message.to} is no peer`))
    return sendSnapshot({
      url: peer.url,
      identity: {
        ...{ clusterId, from: memberId, to: message.to, channel: 'snapshot' },
        ...{ run: this.#run, start, directory },
      },
      offer: { message, file },
      path,
      signal: this.#closing.signal,
    })
  }

  async close(): Promise<void> {
    this.#closing.abort()
    const received = this.#snapshots.close()
    this.#isOpen = false
    for (const channels of this.#channels.values()) closeAll(channels)
    for (const asked of this.#asked.values()) asked.reject(new Error('the transport is closing'))
    await this.#listener.close()
    await received
  }

  #addChannels(id: MemberId, url: string): Channels {
    const { clusterId, memberId, start, directory, handler } = this.#options
    const from = { clusterId, from: memberId, run: this.#run, start, directory }
    const channel = (name: LastingChannel): PeerChannel =>
      new PeerChannel({
        url,
        identity: { ...from, to: id, channel: name },
        onDropped: (messages) => this.#onDropped(id, messages),
        onBroken: () => this.#onBroken(id, name),
        onRefused: (refusal) => this.#onRefused(refusal),
        onOtherCluster: () => {
          // Who has started before, or is known to somebody, belongs to a cluster: the other is wrong.
          if (start.term === 0 && !this.#isKnown) handler.onOtherCluster(url)
        },
      })
    const channels = { control: channel('control'), log: channel('log') }
    this.#channels.set(id, channels)
    return channels
  }

  #onRefused({ reason, finality }: StreamRefusal): void {
    const { onRefused, handler } = this.#options
    onRefused(reason)
    if (finality === 'removed') handler.onRemoved()
    if (finality === 'forgetful') handler.onForgetful(reason)
    if (finality === 'namesake') handler.onNamesake(reason)
  }

  #receive(from: MemberId, message: PeerMessage): void {
    if (message.type === 'question') void this.#answer(from, message)
    else if (message.type === 'reply') this.#onReply(from, message)
    else {
      this.#promises.hear(message)
      this.#options.handler.onMessage(message)
    }
  }

  async #answer(from: MemberId, { id, body }: PeerQuestion): Promise<void> {
    let reply: PeerReply
    try {
      reply = { type: 'reply', id, body: await this.#options.handler.onRequest(body) }
    } catch {
      reply = { type: 'reply', id }
    }
    const control = this.#channels.get(from)?.control
    control?.send(reply)
    control?.flush()
  }

  #onReply(from: MemberId, { id, body }: PeerReply): void {
    const asked = this.#asked.get(id)
    if (asked?.of !== from) return
    if (body === undefined) asked.reject(new Error('the peer could not answer'))
    else asked.resolve(body)
  }

  /** What was on its way may be lost. A question may not even have been read: it is asked again. */
  #onBroken(id: MemberId, channel: LastingChannel): void {
    if (channel === 'log') {
      this.#options.handler.onUnreachable(id)
      return
    }
    for (const asked of this.#asked.values()) {
      if (asked.of === id) asked.reject(new Error('the peer is not connected any more'))
    }
  }

  #onDropped(id: MemberId, messages: readonly PeerMessage[]): void {
    for (const message of messages) {
      if (message.type === 'question') {
        this.#asked.get(message.id)?.reject(new Error('the peer is not connected'))
      } else if (message.type === 'forwardProposal') {
        // It never left, which is as good as the peer's refusal, and is known at once.
        const { from, to, term, ref } = message
        const refusal = { type: 'forwardProposalRejected', from: to, to: from, term, ref } as const
        setImmediate(() => this.#options.handler.onMessage(refusal))
      }
    }
    if (messages.some(({ type }) => type === 'appendEntries')) {
      this.#options.handler.onUnreachable(id)
    }
  }
}

function openAll(channels: Channels): void {
  for (const name of LASTING_CHANNELS) channels[name].open()
}

function closeAll(channels: Channels | undefined): void {
  for (const name of LASTING_CHANNELS) channels?.[name].close()
}

function channelOf(message: Exclude<Message, InstallSnapshot>): LastingChannel {
  switch (message.type) {
    case 'appendEntries':
    case 'appendEntriesAccepted':
    case 'appendEntriesRejected':
    case 'forwardProposal':
    case 'forwardProposalRejected':
      return 'log'
    case 'preVote':
    case 'preVoteResponse':
    case 'requestVote':
    case 'requestVoteResponse':
    case 'heartbeat':
    case 'heartbeatResponse':
    case 'readIndexRequest':
    case 'readIndexResponse':
    case 'timeoutNow':
      return 'control'
  }
}
