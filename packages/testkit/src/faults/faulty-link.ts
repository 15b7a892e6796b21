/**
 * A TCP port that leads to another one, and can do what networks do: carry nothing, carry one way
 * only, be slow, damage what it carries, break off. A link belongs to one pair of ends, so that the
 * fault of one pair is not another's.
 */

import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { OneWayFlow, type FlowConditions, type FlowCounters } from './one-way-flow.js'

/** Seen from whoever opens the connections of this link. */
export type Direction = 'forth' | 'back'

interface Connection {
  readonly near: Socket
  readonly far: () => Socket | undefined
  readonly flows: readonly OneWayFlow[]
}

export class FaultyLink {
  readonly name: string
  readonly #target: { readonly port: number; readonly host: string }
  readonly #server: Server
  readonly #connections = new Set<Connection>()
  readonly #conditions: Readonly<Record<Direction, FlowConditions>> = {
    forth: pristine(),
    back: pristine(),
  }

  private constructor(name: string, target: { readonly port: number; readonly host: string }) {
    this.name = name
    this.#target = target
    this.#server = createServer({ allowHalfOpen: true }, (near) => this.#accept(near))
  }

  /** @param name for reports, such as `m1→m2` */
  static async open(name: string, port: number, host = '127.0.0.1'): Promise<FaultyLink> {
    const link = new FaultyLink(name, { port, host })
    await new Promise<void>((resolve, reject) => {
      link.#server.once('error', reject)
      link.#server.listen(0, '127.0.0.1', () => resolve())
    })
    return link
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get openConnections(): number {
    return this.#connections.size
  }

  counters(direction: Direction): Readonly<FlowCounters> {
    return { ...this.#conditions[direction].counters }
  }

  /** Nothing gets through in this direction, and nobody is told. */
  block(direction: Direction): void {
    this.#conditions[direction].blocked = true
  }

  /** What was held goes on its way. */
  unblock(direction: Direction): void {
    this.#conditions[direction].blocked = false
    this.#pump()
  }

  /** Everything takes this much longer; 0 for no delay. */
  delay(direction: Direction, delayMs: number): void {
    this.#conditions[direction].delayMs = delayMs
  }

  /** Turns a bit in each of the next chunks of bytes. */
  damage(direction: Direction, chunks: number): void {
    this.#conditions[direction].damage = chunks
  }

  /** It is as it was when it was laid. */
  heal(): void {
    for (const direction of ['forth', 'back'] as const) {
      this.damage(direction, 0)
      this.delay(direction, 0)
      this.unblock(direction)
    }
  }

  /** Resets every open connection at both ends. What was under way is lost. */
  reset(): void {
    for (const connection of [...this.#connections]) {
      this.#conditions.forth.counters.resetConnections += 1
      this.#drop(connection)
    }
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const connection of [...this.#connections]) this.#drop(connection)
    await closed
  }

  #accept(near: Socket): void {
    let opened: Socket | undefined
    const far = (): Socket => {
      if (opened !== undefined) return opened
      opened = connect({ ...this.#target, allowHalfOpen: true })
      opened.setNoDelay(true)
      opened.on('error', () => opened?.destroy())
      flows.push(new OneWayFlow(opened, () => near, this.#conditions.back))
      opened.once('close', () => leaveWhenClosed())
      return opened
    }
    near.setNoDelay(true)
    near.on('error', () => near.destroy())
    const flows = [new OneWayFlow(near, far, this.#conditions.forth)]
    const connection: Connection = { near, far: () => opened, flows }
    const leaveWhenClosed = (): void => {
      if (near.destroyed && opened?.destroyed !== false) this.#connections.delete(connection)
    }
    near.once('close', leaveWhenClosed)
    this.#connections.add(connection)
  }

  #drop(connection: Connection): void {
    this.#connections.delete(connection)
    for (const flow of connection.flows) flow.stop()
    connection.near.resetAndDestroy()
    connection.far()?.resetAndDestroy()
  }

  #pump(): void {
    for (const { flows } of [...this.#connections]) for (const flow of flows) flow.pump()
  }
}

function pristine(): FlowConditions {
  const counters: FlowCounters = {
    passedBytes: 0,
    heldBytes: 0,
    delayedBytes: 0,
    damagedChunks: 0,
    resetConnections: 0,
  }
  return { blocked: false, delayMs: 0, damage: 0, counters }
}
