/**
 * What members say to each other, as bytes, over links of which each direction may delay, lose,
 * repeat, overtake or swallow everything.
 */

import {
  decodeMessages,
  encodeMessages,
  whatIsForgotten,
  type DirectoryStamp,
  type MemberHandler,
  type MemberTransport,
  type PeerAnswer,
  type PeerBook,
  type PeerRequest,
  type StateSnapshot,
} from '@holdfast/coordinator/parts'
import type { InstallSnapshot, MemberId, Message } from '@holdfast/raft'
import type { Host } from './host.js'
import type { Direction, Links } from './links.js'
import type { StateImage } from './simulated-storage.js'

type PeerMessage = Parameters<typeof encodeMessages>[0][number]

/** A member, as the network reaches it. */
export interface PeerEnd {
  readonly host: Host
  readonly handler: MemberHandler
  /** The one that it runs on. */
  readonly directory: DirectoryStamp
  /** Who belongs to the cluster, as far as this member knows; undefined: as at the start. */
  book: PeerBook | undefined
  readonly copyAt: (path: string) => StateImage | undefined
  readonly receive: (image: StateImage) => Promise<void>
  /** It was told that it is no member any more. */
  readonly onRemoved: () => void
  readonly onSend: (message: Message) => void
  readonly onReceive: (message: Message) => void
}

interface Question {
  readonly resolve: (answer: PeerAnswer) => void
  readonly reject: (error: Error) => void
}

const LOG_MESSAGES: ReadonlySet<string> = new Set<PeerMessage['type']>([
  'appendEntries',
  'appendEntriesAccepted',
  'appendEntriesRejected',
  'forwardProposal',
  'forwardProposalRejected',
])

/** A snapshot takes this long for each of its bytes. */
const MS_PER_BYTE = 0.001
/** After so long without a sign of life a sender gives a transfer up. */
const TRANSFER_TIMEOUT_MS = 3_000

export class PeerNetwork {
  readonly links: Links
  /** Who makes a snapshot durable: one at a time, as the real receiver does. */
  readonly receiving = new WeakSet<PeerEnd>()
  readonly #ends = new Map<MemberId, PeerEnd>()

  constructor(links: Links) {
    this.links = links
  }

  attach(id: MemberId, end: PeerEnd): MemberTransport {
    this.#ends.set(id, end)
    return new SimulatedPeerTransport(this, id, end)
  }

  /** Nobody's directory is lost here, so that nobody may be taken for one who has lost it. */
  requireNoneForgotten({ host, handler }: PeerEnd): void {
    for (const [id, { directory }] of this.#ends) {
      const lost = whatIsForgotten(handler.directoryOf(id), directory)
      if (lost !== undefined) host.world.fail(new Error(`a false alarm about ${id}: ${lost}`))
    }
  }

  end(id: MemberId): PeerEnd | undefined {
    const end = this.#ends.get(id)
    return end?.host.isAlive === true ? end : undefined
  }
}

class SimulatedPeerTransport implements MemberTransport {
  readonly #network: PeerNetwork
  readonly #id: MemberId
  readonly #end: PeerEnd
  readonly #outbox = new Map<MemberId, PeerMessage[]>()
  readonly #questions = new Map<number, Question>()
  #lastQuestionId = 0

  constructor(network: PeerNetwork, id: MemberId, end: PeerEnd) {
    this.#network = network
    this.#id = id
    this.#end = end
  }

  send(message: Message): void {
    if (this.#end.host.isAlive) this.#end.onSend(message)
    this.#queue(message.to, message)
  }

  flush(): void {
    for (const [to, messages] of this.#outbox) this.#transmit(to, messages)
    this.#outbox.clear()
  }

  request(to: MemberId, body: PeerRequest, timeoutMs: number): Promise<PeerAnswer> {
    this.#lastQuestionId += 1
    const id = this.#lastQuestionId
    return new Promise((resolve, reject) => {
      const cancel = this.#end.host.clock.after(timeoutMs, () => {
        this.#questions.delete(id)
        reject(new Error('no answer in time'))
      })
      const settled = (): void => {
        cancel()
        this.#questions.delete(id)
      }
      this.#questions.set(id, {
        resolve: (answer) => {
          settled()
          resolve(answer)
        },
        reject: (error) => {
          settled()
          reject(error)
        },
      })
      this.#transmit(to, [{ type: 'question', id, body }])
    })
  }

  setPeers(book: PeerBook): void {
    this.#end.book = book
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  onPublished(): void {
    if (this.#end.host.isAlive) this.#network.requireNoneForgotten(this.#end)
  }

  async sendSnapshot(message: InstallSnapshot, snapshot: StateSnapshot): Promise<void> {
    const image = this.#end.copyAt(snapshot.path)
    if (image === undefined) throw new Error('there is no such copy')
    const { world } = this.#end.host
    return new Promise((resolve, reject) => {
      const giveUp = this.#end.host.clock.after(TRANSFER_TIMEOUT_MS, () => {
        reject(new Error('the transfer broke'))
      })
      const answer = (error?: Error): void => {
        this.#network.links.carry(this.#target(message.to), [message.to, this.#id], () => {
          this.#end.host.receive(0, () => {
            giveUp()
            if (error === undefined) resolve()
            else reject(error)
          })
        })
      }
      world.after(image.bytes.byteLength * MS_PER_BYTE, () => {
        this.#network.links.carry(this.#end.host, [this.#id, message.to], () => {
          this.#deliverSnapshot(message, image, answer)
        })
      })
    })
  }

  #deliverSnapshot(
    message: InstallSnapshot,
    image: StateImage,
    answer: (error?: Error) => void,
  ): void {
    const target = this.#network.end(message.to)
    target?.host.receive(0, () => {
      if (!this.#isKnownTo(target)) return
      if (!target.handler.wantsSnapshot(message)) {
        answer(new Error('it is of no use there now'))
        return
      }
      if (this.#network.receiving.has(target)) {
        answer(new Error('another one is being made durable'))
        return
      }
      this.#network.receiving.add(target)
      const received = (): void => {
        this.#network.receiving.delete(target)
        target.handler.onSnapshot(message)
        answer()
      }
      target.receive(image).then(received, () => {
        this.#network.receiving.delete(target)
        answer(new Error('its disk failed'))
      })
    })
  }

  #target(id: MemberId): Host {
    return this.#network.end(id)?.host ?? this.#end.host
  }

  #queue(to: MemberId, message: PeerMessage): void {
    const queued = this.#outbox.get(to)
    if (queued === undefined) this.#outbox.set(to, [message])
    else queued.push(message)
  }

  /** On two streams, as the real transport has them. */
  #transmit(to: MemberId, messages: readonly PeerMessage[]): void {
    const ofLog = messages.filter(({ type }) => LOG_MESSAGES.has(type))
    const others = messages.filter(({ type }) => !LOG_MESSAGES.has(type))
    if (others.length > 0) this.#transmitOn([this.#id, to], others)
    if (ofLog.length > 0) this.#transmitOn([this.#id, to, 'log'], ofLog)
  }

  #transmitOn(direction: Direction, messages: readonly PeerMessage[]): void {
    if (!this.#end.host.isAlive) return
    const [, to] = direction
    const payload = Buffer.from(encodeMessages(messages))
    const { world } = this.#end.host
    world.record(`${this.#id}→${to}`)
    world.record(payload)
    let isRepetition = false
    const arrives = this.#network.links.carry(this.#end.host, direction, () => {
      this.#arrive(to, payload, isRepetition)
      isRepetition = true
    })
    if (!arrives) this.#noticeLoss(to)
  }

  /** TCP says in the end that nobody is there, or the probe of the stream does. */
  #noticeLoss(to: MemberId): void {
    this.#end.host.receive(100, () => this.#end.handler.onUnreachable(to))
  }

  /** The core's contract with a network: it may repeat everything but forwarded proposals. */
  #arrive(to: MemberId, payload: Buffer, isRepetition: boolean): void {
    const target = this.#network.end(to)
    if (target === undefined) {
      this.#noticeLoss(to)
      return
    }
    target.host.receive(0, () => {
      if (!this.#isKnownTo(target)) return
      for (const message of decodeMessages(payload, { from: this.#id, to })) {
        if (isRepetition && message.type === 'forwardProposal') continue
        this.#deliver(target, to, message)
      }
    })
  }

  #deliver(target: PeerEnd, to: MemberId, message: PeerMessage): void {
    if (message.type === 'reply') {
      // Arrives at who asked: the target's own transport.
      target.host.world.fail(new Error('a reply takes another way'))
    } else if (message.type === 'question') {
      const reply = (body?: PeerAnswer): void => this.#answer(to, message.id, body)
      target.handler.onRequest(message.body as PeerRequest).then(reply, () => reply())
    } else {
      target.onReceive(message)
      target.handler.onMessage(message)
    }
  }

  #answer(answering: MemberId, id: number, body: PeerAnswer | undefined): void {
    const from = this.#network.end(answering)
    if (from === undefined) return
    const payload = Buffer.from(encodeMessages([{ type: 'reply', id, body }]))
    this.#network.links.carry(from.host, [answering, this.#id], () => {
      this.#end.host.receive(0, () => {
        const [reply] = decodeMessages(payload, { from: answering, to: this.#id })
        const asked = this.#questions.get(id)
        if (reply?.type !== 'reply' || asked === undefined) return
        if (reply.body === undefined) asked.reject(new Error('it could not answer'))
        else asked.resolve(reply.body as PeerAnswer)
      })
    })
  }

  /** Who is no member is not listened to, and is told so if it was one. */
  #isKnownTo({ book, host }: PeerEnd): boolean {
    if (book === undefined || book.urls.has(this.#id)) return true
    if (book.removed.includes(this.#id)) {
      this.#network.links.carry(host, ['', this.#id], () => {
        this.#end.host.receive(0, () => this.#end.onRemoved())
      })
    }
    return false
  }
}
