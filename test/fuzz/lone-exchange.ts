/** One input on a connection of its own: whatever it does to the connection, it does to no other input. */

import { connect, type Socket } from 'node:net'
import type { Address } from './address.js'
import {
  abandonedAnswer,
  answerInText,
  answerOf,
  closedAnswer,
  malformedAnswer,
  stuckAnswer,
  type Answer,
} from './answer.js'
import type { Input } from './input.js'
import { ResponseReader } from './response-reader.js'
import { framesIn, opcode } from './websocket-frame.js'

export interface Patience {
  /** With nothing coming for so long, there is nothing to come: then our side is closed. */
  readonly idleMs: number
  /** And for so long the other may take to close its own. */
  readonly closeMs: number
}

/** Members answer within a few; a longer wait would cost more than it shows. */
export const PATIENT: Patience = { idleMs: 50, closeMs: 12_000 }
export const VERY_PATIENT: Patience = { idleMs: 2_000, closeMs: 12_000 }
/** What an endless answer goes on with is not waited for as long. */
const GOES_ON_MS = 10

export function exchangeAlone(address: Address, input: Input, patience = PATIENT): Promise<Answer> {
  return new Promise((resolve) => new LoneExchange(address, { input, patience, resolve }))
}

interface Wanted {
  readonly input: Input
  readonly patience: Patience
  readonly resolve: (answer: Answer) => void
}

class LoneExchange {
  readonly #wanted: Wanted
  readonly #socket: Socket
  readonly #reader = new ResponseReader()
  /** All that came behind the answer to an upgrade; undefined as long as there was none. */
  #frames: Buffer | undefined
  #timer: NodeJS.Timeout | undefined
  #isSent = false
  /** Nothing came, so we have closed our side. */
  #isAbandoned = false
  #answer: Answer | undefined

  constructor(address: Address, wanted: Wanted) {
    this.#wanted = wanted
    this.#socket = connect({ ...address, noDelay: true, allowHalfOpen: true })
    this.#socket.on('connect', () => this.#send(0))
    this.#socket.on('data', (chunk) => this.#read(chunk))
    this.#socket.on('end', () => this.#end())
    this.#socket.on('error', () => undefined)
    this.#socket.on('close', () => this.#end())
  }

  /** A piece in each turn of the loop, so that they come apart. */
  #send(index: number): void {
    if (this.#socket.destroyed) return
    const piece = this.#wanted.input.pieces[index]
    if (piece === undefined) {
      this.#isSent = true
      this.#rest()
      return
    }
    this.#socket.write(piece)
    setImmediate(() => this.#send(index + 1))
  }

  #rest(): void {
    clearTimeout(this.#timer)
    const { idleMs, closeMs } = this.#wanted.patience
    if (this.#answer !== undefined) {
      this.#timer = setTimeout(() => this.#end(), GOES_ON_MS)
      return
    }
    this.#timer = setTimeout(() => {
      this.#isAbandoned = true
      this.#socket.end()
      this.#timer = setTimeout(() => this.#giveUp(closeMs), closeMs)
    }, idleMs)
  }

  #read(chunk: Buffer): void {
    try {
      if (this.#frames === undefined) this.#readResponse(chunk)
      else this.#readFrames(chunk)
    } catch (error) {
      this.#settle(malformedAnswer(String(error)))
      return
    }
    if (this.#answer !== undefined && this.#isSent && !this.#goesOn) this.#end()
    else if (this.#isSent) this.#rest()
  }

  get #goesOn(): boolean {
    return this.#wanted.input.isStream && this.#answer?.verdict === 'accepted'
  }

  #readResponse(chunk: Buffer): void {
    this.#reader.push(chunk)
    if (this.#answer !== undefined) return
    const { nextStatus: status } = this.#reader
    if (status === 101) {
      this.#reader.next()
      this.#readFrames(this.#reader.rest)
    } else if (status !== undefined && status >= 200 && status < 400) {
      // Its body may have no end, and says no more of it.
      this.#answer = answerOf(this.#wanted.input, { status, body: Buffer.alloc(0) })
    } else {
      const response = this.#reader.next()
      if (response !== undefined) this.#answer = answerOf(this.#wanted.input, response)
    }
  }

  #readFrames(chunk: Buffer): void {
    this.#frames = Buffer.concat([this.#frames ?? Buffer.alloc(0), chunk])
    if (this.#answer !== undefined) return
    for (const { opcode: kind, payload } of framesIn(this.#frames)) {
      if (kind === opcode.text) {
        this.#answer ??= answerInText(this.#wanted.input, payload.toString('utf8'))
      } else if (kind === opcode.close) {
        const code = payload.length < 2 ? 'closed' : `closed ${payload.readUInt16BE(0)}`
        this.#answer ??= closedAnswer(this.#wanted.input, `101 ${code}`)
      }
    }
  }

  #end(): void {
    const label = this.#frames === undefined ? 'closed' : '101 closed'
    const ended = this.#isAbandoned ? abandonedAnswer : closedAnswer
    this.#settle(this.#answer ?? ended(this.#wanted.input, label))
  }

  #giveUp(afterMs: number): void {
    this.#settle(this.#answer ?? stuckAnswer('stuck', afterMs))
  }

  #settle(answer: Answer): void {
    clearTimeout(this.#timer)
    this.#answer = answer
    // One after the other, in order and with a reset.
    if (this.#wanted.input.at % 2 === 0) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
    this.#wanted.resolve(answer)
  }
}
