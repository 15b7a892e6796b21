/** The driver's side of the core's contract (ready.ts of @holdfast/raft; thesis §10.2.1). */

import { createConnection, createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import {
  Raft,
  type Append,
  type Entry,
  type Heartbeat,
  type InstallSnapshot,
  type LogStorage,
  type MembershipAt,
  type Message,
  type Ready,
  type Snapshot,
  type Status,
} from '@holdfast/raft'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../time/clock.js'
import { RaftLoop } from './raft-loop.js'
import { eventually, turn } from './tracked.test-support.js'

/** So long that no test sees one by accident. */
const NEVER_MS = 3_600_000

const NOTHING: Ready = {
  status: undefined,
  membership: undefined,
  append: undefined,
  messages: [],
  committed: [],
  readStates: [],
  droppedReads: [],
  droppedProposals: [],
  snapshotsToSend: [],
}

function heartbeat(readPosition = 0): Heartbeat {
  return { type: 'heartbeat', from: '1', to: '2', term: 1, commitIndex: 0, readPosition }
}

function append(index: number, messages: readonly Message[] = []): Append {
  return { hardState: undefined, snapshot: undefined, entries: [], messages, term: 1, index }
}

/** Writes down every call that the loop makes, in order. */
class Parts {
  readonly journal: string[] = []
  readonly readies: Ready[] = []
  readonly sent: Message[] = []
  readonly writes: (() => void)[] = []
  readonly fatal: unknown[] = []
  readonly elapsedTicks: number[] = []
  readonly fitness: boolean[] = []
  readonly status: Status = { role: 'leader', term: 1, leaderId: '1', commitIndex: 0 }
  failAt = ''

  note(what: string): void {
    this.journal.push(what)
    if (what === this.failAt) throw new Error(`broken: ${what}`)
  }

  readonly raft = {
    tick: (elapsedTicks = 1, isFitToLead = true): void => {
      this.elapsedTicks.push(elapsedTicks)
      this.fitness.push(isFitToLead)
      this.note('tick')
    },
    step: ({ type }: Message): void => this.note(`step ${type}`),
    reportUnreachable: (id: string): void => this.note(`unreachable ${id}`),
    onAppended: (term: number, index: number): void => this.note(`appended ${term}/${index}`),
    hasReady: (): boolean => this.readies.length > 0,
    ready: (): Ready => this.readies.shift()!,
  }

  readonly log = {
    append: (_write: object, onDurable: () => void): void => {
      this.note('write')
      this.writes.push(onDurable)
    },
  }

  readonly transport = {
    send: (message: Message): void => {
      this.sent.push(message)
      this.note(`send ${message.type}`)
    },
    flush: (): void => this.note('flush'),
    setPeers: (): void => this.note('peers'),
    request: () => Promise.reject(new Error('the loop asks no questions')),
    close: () => Promise.resolve(),
  }

  readonly proposer = {
    submit: (): void => this.note('submit proposals'),
    onDropped: (refs: readonly number[]): void => {
      if (refs.length > 0) this.note(`dropped ${refs.join()}`)
    },
  }

  readonly reads = {
    submit: (): void => this.note('submit reads'),
    onReadState: (ref: number, index: number): void => this.note(`read ${ref}@${index}`),
    onDropped: (refs: readonly number[]): void => {
      if (refs.length > 0) this.note(`dropped reads ${refs.join()}`)
    },
  }

  readonly applier = {
    enqueue: (entries: readonly Entry[]): void => this.note(`enqueue ${entries.length}`),
    reset: (): void => this.note('reset'),
    applySlice: (): void => this.note('apply'),
  }

  readonly clock = systemClock
  isUnfit = false
  readonly isUnfitToLead = (): boolean => this.isUnfit

  installed: (() => void) | undefined

  readonly snapshots = {
    send: (to: string): void => this.note(`snapshot to ${to}`),
    install: ({ index }: Snapshot): Promise<void> => {
      this.note(`install ${index}`)
      return new Promise((resolve) => (this.installed = resolve))
    },
    discard: (): void => this.note('discard'),
  }

  readonly onMembership = ({ index }: MembershipAt): void => this.note(`membership ${index}`)

  readonly onStatus = ({ role }: Status): void => this.note(`status ${role}`)
  readonly onTick = (): void => this.note('ticked')
  readonly onFatal = (error: unknown): void => void this.fatal.push(error)

  take(): string[] {
    return this.journal.splice(0)
  }
}

let parts: Parts
let loop: RaftLoop

beforeEach(() => {
  parts = new Parts()
  loop = new RaftLoop(parts, NEVER_MS)
})

afterEach(() => {
  loop.stop()
})

async function runTurn(): Promise<string[]> {
  loop.wake()
  await turn()
  return parts.take()
}

const QUIET_TURN = ['submit proposals', 'submit reads', 'flush', 'apply', 'flush']

describe('a turn', () => {
  it('hands over what waits, carries out the output, applies, and flushes last', async () => {
    expect(await runTurn()).toEqual(QUIET_TURN)
  })

  it('comes once, however often it is asked for', async () => {
    loop.wake()
    loop.wake()
    loop.receive(heartbeat())
    await turn()
    await turn()
    expect(parts.take()).toEqual(['step heartbeat', ...QUIET_TURN])
  })

  it('comes again when it is asked for during a turn', async () => {
    const { submit } = parts.proposer
    parts.proposer.submit = () => {
      parts.proposer.submit = submit
      loop.wake()
    }
    loop.wake()
    await turn()
    await turn()
    expect(parts.take()).toEqual([...QUIET_TURN.slice(1), ...QUIET_TURN])
  })

  it('does not tick unless a tick is due', async () => {
    expect(await runTurn()).not.toContain('tick')
  })

  it('takes Readys until there is none, also after applying', async () => {
    parts.readies.push({ ...NOTHING, readStates: [{ ref: 1, index: 5 }] })
    parts.readies.push({ ...NOTHING, readStates: [{ ref: 2, index: 6 }] })
    parts.applier.applySlice = () => {
      parts.note('apply')
      parts.readies.push({ ...NOTHING, messages: [heartbeat()] })
    }
    expect(await runTurn()).toEqual([
      'submit proposals',
      'submit reads',
      'read 1@5',
      'read 2@6',
      'flush',
      'apply',
      'send heartbeat',
      'flush',
    ])
  })
})

describe('a snapshot (Raft §7)', () => {
  const snapshot: Snapshot = { index: 9, term: 1, membership: { voters: ['1'], learners: [] } }
  const message: InstallSnapshot = {
    type: 'installSnapshot',
    from: '1',
    to: '2',
    term: 1,
    snapshot,
  }
  const withSnapshot: Append = { ...append(9, [heartbeat()]), snapshot }

  it('that the core has no use for is discarded', () => {
    loop.receiveSnapshot(message)
    const calls = parts.take()
    expect(calls[0]).toBe('step installSnapshot')
    expect(calls.at(-1)).toBe('discard')
    expect(loop.isInstalling).toBe(false)
  })

  it('ends what waits to be applied, and is installed when the log begins behind it', async () => {
    parts.readies.push({ ...NOTHING, append: withSnapshot })
    loop.receiveSnapshot(message)
    expect(parts.take()).toEqual(expect.arrayContaining(['reset', 'write']))
    expect(loop.isInstalling).toBe(true)
    parts.writes.shift()!()
    expect(parts.take()).toEqual(['install 9'])
    parts.installed!()
    await turn()
    expect(parts.take().slice(0, 2)).toEqual(['send heartbeat', 'appended 1/9'])
    expect(loop.isInstalling).toBe(false)
  })

  it('holds up the report of the writes behind it until it is installed', async () => {
    parts.readies.push({ ...NOTHING, append: withSnapshot }, { ...NOTHING, append: append(10) })
    loop.receiveSnapshot(message)
    parts.take()
    for (const durable of parts.writes.splice(0)) durable()
    await turn()
    expect(parts.take()).not.toContain('appended 1/10')
    parts.installed!()
    await turn()
    const reported = parts.take().filter((call) => call.startsWith('appended'))
    expect(reported).toEqual(['appended 1/9', 'appended 1/10'])
  })

  it('that cannot be installed stops the member', async () => {
    parts.snapshots.install = () => Promise.reject(new Error('no space'))
    parts.readies.push({ ...NOTHING, append: withSnapshot })
    loop.receiveSnapshot(message)
    parts.writes.shift()!()
    await turn()
    expect(parts.fatal).toEqual([new Error('no space')])
    expect(parts.journal).not.toContain('appended 1/9')
  })

  it('is sent to whom the core names', async () => {
    parts.readies.push({ ...NOTHING, snapshotsToSend: ['3'] })
    expect(await runTurn()).toContain('snapshot to 3')
  })
})

describe('the order within a Ready', () => {
  const entry: Entry = { index: 1, term: 1, kind: 'noop', data: new Uint8Array(0) }

  it('learns who leads before anything else, and passes on all the rest', async () => {
    parts.readies.push({
      ...NOTHING,
      status: parts.status,
      append: append(3),
      messages: [heartbeat()],
      committed: [entry],
      readStates: [{ ref: 4, index: 9 }],
      droppedReads: [],
      droppedProposals: [8],
    })
    const calls = await runTurn()
    expect(calls[2]).toBe('status leader')
    expect(calls).toEqual(
      expect.arrayContaining(['send heartbeat', 'write', 'enqueue 1', 'read 4@9', 'dropped 8']),
    )
    expect(calls.indexOf('enqueue 1')).toBeLessThan(calls.indexOf('apply'))
  })

  it('lets messages leave in parallel with the write, but those that speak of it only after', async () => {
    parts.readies.push({ ...NOTHING, messages: [heartbeat(1)], append: append(3, [heartbeat(2)]) })
    expect(await runTurn()).toEqual([
      'submit proposals',
      'submit reads',
      'send heartbeat',
      'write',
      'flush',
      'apply',
      'flush',
    ])
    expect(parts.sent).toEqual([heartbeat(1)])
    await runTurn()
    expect(parts.sent).toEqual([heartbeat(1)])
    parts.take()
    parts.writes[0]!()
    expect(parts.take()).toEqual(['send heartbeat', 'appended 1/3'])
    expect(parts.sent).toEqual([heartbeat(1), heartbeat(2)])
    await turn()
    expect(parts.take()).toEqual(QUIET_TURN)
  })

  it('names each completed write by its own term and index (catalogue 19)', async () => {
    parts.readies.push({ ...NOTHING, append: append(3) })
    parts.readies.push({ ...NOTHING, append: { ...append(2), term: 4 } })
    await runTurn()
    for (const durable of parts.writes) durable()
    expect(parts.take()).toEqual(['appended 1/3', 'appended 4/2'])
  })
})

describe('a broken invariant', () => {
  it.each(['tick', 'submit proposals', 'apply', 'flush', 'status leader', 'write'])(
    'in "%s" is fatal once and stops everything',
    async (failAt) => {
      parts.failAt = failAt
      parts.readies.push({ ...NOTHING, status: parts.status, append: append(1) })
      loop = new RaftLoop(parts, 1)
      loop.start()
      await eventually(() => parts.fatal).toEqual([new Error(`broken: ${failAt}`)])
      parts.take()
      parts.failAt = ''
      loop.receive(heartbeat())
      loop.wake()
      await turn()
      await turn()
      expect(parts.take()).toEqual([])
      expect(parts.fatal).toHaveLength(1)
    },
  )

  it('in a step is fatal, and the rest of the inbox is not believed', async () => {
    parts.failAt = 'step heartbeat'
    loop.receive(heartbeat())
    loop.receive(heartbeat())
    await turn()
    expect(parts.take()).toEqual(['step heartbeat'])
    expect(parts.fatal).toHaveLength(1)
  })

  it('in a completed write is fatal', async () => {
    parts.readies.push({ ...NOTHING, append: append(3) })
    await runTurn()
    parts.failAt = 'appended 1/3'
    parts.writes[0]!()
    await turn()
    expect(parts.take()).toEqual(['appended 1/3'])
    expect(parts.fatal).toHaveLength(1)
  })
})

describe('stopping', () => {
  it('runs no further turn, and neither sends nor counts what becomes durable later', async () => {
    parts.readies.push({ ...NOTHING, append: append(3, [heartbeat()]) })
    await runTurn()
    loop.wake()
    loop.stop()
    parts.writes[0]!()
    loop.receive(heartbeat())
    loop.wake()
    await turn()
    await turn()
    expect(parts.take()).toEqual([])
    expect(parts.sent).toEqual([])
  })
})

/** Of member 2 of three that have elected somebody once. */
const EMPTY_LOG: LogStorage = {
  initialState: () => ({
    hardState: { term: 1, votedFor: undefined },
    memberships: [{ index: 0, membership: { voters: ['1', '2', '3'], learners: [] } }],
  }),
  firstIndex: () => 1,
  lastIndex: () => 0,
  term: () => 0,
  entries: () => [],
}

/** Blocks the event loop, as a long collection of garbage or a stopped process would. */
function stall(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

describe('ticks (catalogue 57, etcd #12528)', () => {
  it('come with time, the core first and then everybody else', async () => {
    loop = new RaftLoop(parts, 2)
    loop.start()
    await eventually(() => parts.elapsedTicks.length).toBeGreaterThan(3)
    loop.stop()
    const calls = parts.take()
    const first = calls.indexOf('tick')
    expect(calls.slice(first, first + 4)).toEqual([
      'tick',
      'ticked',
      'submit proposals',
      'submit reads',
    ])
  })

  it('say whether the member is fit to lead (catalogue 37)', async () => {
    loop = new RaftLoop(parts, 2)
    loop.start()
    await eventually(() => parts.fitness).toContain(true)
    parts.isUnfit = true
    parts.fitness.length = 0
    await eventually(() => parts.fitness.length).toBeGreaterThan(4)
    expect(parts.fitness).not.toContain(true)
  })

  it('let a silent leader go, so that who is unfit to lead elects another one (catalogue 37)', async () => {
    const raft = new Raft({ id: '2', seed: 1, electionTicks: 10 }, EMPTY_LOG)
    const log = { append: (_write: object, onDurable: () => void) => void setImmediate(onDurable) }
    parts.isUnfit = true
    loop = new RaftLoop(Object.assign(parts, { raft, log }), 2)
    loop.start()
    loop.receive(heartbeat())
    expect(raft.status.leaderId).toBe('1')
    const granted = (): boolean =>
      parts.sent.some((message) => message.type === 'preVoteResponse' && message.granted)
    await eventually(() => {
      const position = { lastLogIndex: 0, lastLogTerm: 0 }
      loop.receive({ type: 'preVote', from: '3', to: '2', term: 2, ...position })
      return granted()
    }).toBe(true)
    expect(parts.sent.map(({ type }) => type)).not.toContain('preVote')
  })

  it('of a stall become one, which tells a leader how long it lasted', async () => {
    loop = new RaftLoop(parts, 20)
    loop.start()
    await eventually(() => parts.elapsedTicks.length).toBeGreaterThan(1)
    expect(parts.elapsedTicks.every((ticks) => ticks >= 1)).toBe(true)
    parts.elapsedTicks.length = 0
    const start = performance.now()
    stall(210)
    await eventually(() => parts.elapsedTicks.length).toBeGreaterThan(2)
    loop.stop()
    expect(parts.elapsedTicks[0]).toBeGreaterThanOrEqual(10)
    // Counted once: each further tick counts only from the one before.
    const elapsed = (performance.now() - start) / 20 + 1
    const counted = parts.elapsedTicks.reduce((sum, ticks) => sum + ticks, 0)
    expect(counted).toBeLessThanOrEqual(elapsed + parts.elapsedTicks.length / 2)
  })

  it('wait until the inbox has been read, also after a stall', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
    const { port } = server.address() as AddressInfo
    const outgoing = createConnection(port, '127.0.0.1')
    await new Promise((resolve) => outgoing.once('connect', resolve))
    const incoming = await accepted
    incoming.on('data', () => loop.receive(heartbeat()))
    loop = new RaftLoop(parts, 100)
    loop.start()
    outgoing.write('heartbeat')
    stall(300)
    await eventually(() => parts.journal).toContain('tick')
    const calls = parts.take()
    expect(calls).toContain('step heartbeat')
    expect(calls.indexOf('step heartbeat')).toBeLessThan(calls.indexOf('tick'))
    outgoing.destroy()
    incoming.destroy()
    server.close()
  })
})
