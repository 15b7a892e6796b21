/**
 * Opens what a power loss has left of a data directory, and compares it with what the workload had
 * said until then (catalogue 30, 31, 33).
 */

import { decodeProposal } from '../state-machine/proposal-codec.js'
import { createStateMachine } from '../state-machine/store-state-machine.js'
import type { StateMachine } from '../state-machine/state-machine.js'
import { openConnection } from './connection.js'
import { createDirectory } from './data-directory.js'
import { pathsIn } from './directory-paths.js'
import { LogRows } from './log-rows.js'
import { openStorage } from './open-storage.js'
import { entryText, ExpectedLog, logText, type Said } from './power-loss-log.test-support.js'
import type { StoredLog } from './raft-database.js'
import { recoverDirectory, requireWholeLog } from './recover-directory.js'
import { openStateStore } from './sqlite-state-store.js'

const IDENTITY = { clusterId: '10', memberId: '1' }
const MEMBERSHIP = { voters: ['1', '2'], learners: ['3'] }

export class Expectations {
  readonly #log = new ExpectedLog()
  /** By index. */
  readonly #hashes = new Map<number, string>()
  /** Found before the workload had come to say so: a batch is written before its hash is known. */
  readonly #foundEarly: { readonly index: number; readonly hash: string }[] = []
  #applied = 0
  #checkpoint = 0

  hear(line: string): void {
    const said = JSON.parse(line) as Said
    this.#log.hear(said)
    if (said.type === 'state') this.#learn(said.index, said.hash)
    if (said.type === 'applied') this.#applied = said.index
    if (said.type === 'checkpoint') this.#checkpoint = said.index
  }

  #learn(index: number, hash: string): void {
    this.#hashes.set(index, hash)
    for (const found of this.#foundEarly.splice(0)) {
      if (found.index !== index || found.hash !== hash) throw differs(found.index)
    }
  }

  /**
   * Does what a start does, without its threads.
   * @throws when the directory does not open, or does not hold what it must
   */
  check(directory: string): void {
    createDirectory(directory)
    const paths = pathsIn(directory)
    const stored = recoverDirectory(paths, { identity: IDENTITY, membership: MEMBERSHIP })
    const store = openStateStore({ path: paths.state, clusterId: IDENTITY.clusterId })
    try {
      const state = createStateMachine(store)
      requireWholeLog({ directory, memberId: IDENTITY.memberId }, state.appliedIndex, stored)
      this.#checkFound(paths.raft, stored, state)
    } finally {
      store.close()
    }
  }

  /** The same by a start as a whole. */
  async checkByStarting(directory: string): Promise<void> {
    const storage = await openStorage({
      ...{ directory, identity: IDENTITY, membership: MEMBERSHIP },
      onFatal: (error) => {
        throw error
      },
    })
    try {
      const { log, state } = storage
      const { hardState, memberships } = log.initialState()
      const index = log.firstIndex() - 1
      const term = index === 0 ? 0 : log.term(index)
      const start = { index, term, checksum: 0, membership: memberships[0]!.membership }
      this.#checkFound(
        pathsIn(directory).raft,
        { hardState, memberships, start, lastIndex: log.lastIndex() },
        state,
      )
    } finally {
      await storage.close()
    }
  }

  #checkFound(raftPath: string, stored: StoredLog, state: StateMachine): void {
    const connection = openConnection(raftPath, 'readonly')
    try {
      const rows = new LogRows(connection)
      const entries = [...rows.iterate(0, Number.MAX_SAFE_INTEGER)].map(entryText)
      const found = logText(stored.hardState, stored.start, entries)
      const { allowed } = this.#log
      if (!allowed.includes(found)) throw unlike('the log', found, allowed)
      this.#checkState(state)
      this.#replay(rows, state)
    } finally {
      connection.client.close()
    }
  }

  #checkState(state: StateMachine): void {
    const { appliedIndex } = state
    if (appliedIndex < this.#checkpoint) {
      throw new Error(`the state is at ${appliedIndex}, but was durable at ${this.#checkpoint}`)
    }
    this.#requireHash(state)
  }

  /** What was applied once is committed, and so must be in the log. */
  #replay(rows: LogRows, state: StateMachine): void {
    if (state.appliedIndex >= this.#applied) return
    const committed = [...rows.iterate(state.appliedIndex + 1, this.#applied + 1)]
    state.apply(
      committed.map(({ index, term, kind, data }) => {
        const proposal = kind === 'command' ? decodeProposal(data) : undefined
        return { index, term, proposal }
      }),
    )
    if (state.appliedIndex !== this.#applied) {
      throw new Error(`${this.#applied} was applied, but the log leads to ${state.appliedIndex}`)
    }
    this.#requireHash(state)
  }

  #requireHash(state: StateMachine): void {
    const { appliedIndex } = state
    if (appliedIndex === 0) return
    const expected = this.#hashes.get(appliedIndex)
    const { hash } = state.hash()
    if (expected === undefined && appliedIndex === this.#applied + 1) {
      this.#foundEarly.push({ index: appliedIndex, hash })
    } else if (hash !== expected) throw differs(appliedIndex)
  }
}

function unlike(what: string, found: string, allowed: readonly string[]): Error {
  const shown = [found, ...allowed].map((text) => `${text.slice(0, 60)}…${text.slice(-120)}`)
  return new Error(`${what} is none that it may be:\n  ${shown.join('\n  ')}`)
}

function differs(index: number): Error {
  return new Error(`the state at ${index} is another one`)
}
