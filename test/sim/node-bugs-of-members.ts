/** Bugs of the core and of what drives it, applies its entries and keeps what they give. */

import type { NodeBug } from './node-build.js'

export const BUGS_OF_MEMBERS: readonly NodeBug[] = [
  // Of the core.
  {
    number: 1,
    name: 'a vote is not persisted',
    edits: [
      {
        file: 'raft/src/member-state.ts',
        find: 'this.#votedFor = candidate\n    this.#hardStateChanged = true',
        replace: 'this.#votedFor = candidate',
      },
    ],
  },
  {
    number: 4,
    name: 'an entry of an older term is committed by counting (Figure 8)',
    edits: [
      {
        file: 'raft/src/replication.ts',
        find: 'if (held < this.#firstOwnIndex || held <= log.commitIndex) return false',
        replace: 'if (held <= log.commitIndex) return false',
      },
    ],
  },
  {
    number: 6,
    name: 'an acknowledgement leaves before the fsync',
    edits: [
      {
        file: 'raft/src/following.ts',
        find: 'else outbox.sendWhenDurable(message)',
        replace: 'else outbox.send(message)',
      },
    ],
  },
  {
    number: 11,
    name: 'a read is answered without a round of the quorum',
    edits: [
      {
        file: 'raft/src/read-rounds.ts',
        find: 'id === state.id ? this.#position : this.#replication.known(id).readPosition',
        replace: 'this.#position',
      },
    ],
  },
  {
    number: 12,
    name: 'a read is answered before an entry of the own term is committed',
    edits: [
      {
        file: 'raft/src/read-rounds.ts',
        find: 'return this.#waiting.length > 0 && this.#replication.hasCommittedOwnEntry',
        replace: 'return this.#waiting.length > 0',
      },
    ],
  },
  {
    number: 21,
    name: 'a snapshot leaves the tail of the old log in place',
    edits: [
      {
        file: 'raft/src/raft-log.ts',
        find: 'this.#tail.reset(index, term)',
        replace: 'if (index >= this.lastIndex) this.#tail.reset(index, term)',
      },
    ],
  },

  // Of the loop that drives it.
  {
    number: 34,
    name: 'a write is reported as durable when it is handed over',
    edits: [
      {
        file: 'coordinator/src/node/raft-loop.ts',
        find:
          'log.append(append, () => {\n' +
          '      this.#written.push(append)\n' +
          '      if (!this.#isWaiting) this.#reportWritten()\n' +
          '    })',
        replace:
          'log.append(append, () => undefined)\n' +
          '    this.#parts.clock.afterPoll(() => {\n' +
          '      this.#written.push(append)\n' +
          '      if (!this.#isWaiting) this.#reportWritten()\n' +
          '    })',
      },
    ],
  },
  {
    number: 36,
    name: 'a failed fsync is tried again',
    edits: [
      {
        file: 'testkit/src/simulation/simulated-log.ts',
        find: '(error: unknown) => this.#fail(error),',
        replace: '() => this.#complete(group),',
      },
    ],
  },
  {
    number: 35,
    name: 'a received snapshot is used before it is durable',
    edits: [
      {
        file: 'coordinator/src/node/raft-loop.ts',
        find: 'this.#snapshotsTaken += 1\n      applier.reset()\n    }',
        replace:
          'this.#snapshotsTaken += 1\n      applier.reset()\n' +
          '      void this.#parts.snapshots.install(append.snapshot)\n    }',
      },
    ],
  },
  {
    number: 21,
    name: 'what waited to be applied is applied after a snapshot took its place',
    edits: [
      {
        file: 'coordinator/src/node/raft-loop.ts',
        find: 'this.#snapshotsTaken += 1\n      applier.reset()',
        replace: 'this.#snapshotsTaken += 1',
      },
    ],
  },
  {
    number: 37,
    name: 'a stall is many ticks at once',
    edits: [
      {
        file: 'raft/src/raft.ts',
        find: 'this.#election.tick()',
        replace: 'for (let left = elapsedTicks; left > 0; left -= 1) this.#election.tick()',
      },
    ],
  },
  {
    number: 37,
    name: 'a stalled loop ticks before it reads its inbox',
    edits: [
      {
        file: 'coordinator/src/node/raft-loop.ts',
        find: 'this.#tickDue = true\n      this.wake()',
        replace:
          'for (let left = this.#elapsedTicks(); left > 0; left -= 1) this.#parts.raft.tick(1)\n' +
          '      this.wake()',
      },
    ],
  },
  {
    name: 'the log is cut where the state is not durable yet',
    edits: [
      {
        file: 'coordinator/src/node/coordinator-node.ts',
        find: 'new LogCutter({ log: options.log, ...cutting })',
        replace:
          'new LogCutter({ log: options.log, ...cutting, durableIndex: () => state.appliedIndex })',
      },
    ],
  },

  // Of proposals and reads.
  {
    name: 'a proposal is made again as soon as the term changes, without proof that it is lost',
    edits: [
      {
        file: 'coordinator/src/node/proposer.ts',
        find: '  tick(nowMs: number): void {\n    this.#paused = false',
        replace:
          '  tick(nowMs: number): void {\n    this.#paused = false\n' +
          '    const { term } = this.#sink.status\n' +
          '    this.#requeue((pending) => pending.term !== undefined && pending.term < term)',
      },
    ],
  },
  {
    name: 'a proposal is made again when a snapshot took the place of what may have held it',
    edits: [
      {
        file: 'coordinator/src/node/proposer.ts',
        find:
          'for (const pending of this.#pending.values()) {\n' +
          "      if (pending.term !== undefined) pending.settle(new NodeError('timeout', 'unknown'))\n" +
          '    }',
        replace: 'this.#requeue((pending) => pending.term !== undefined)',
      },
    ],
  },
  {
    number: 11,
    name: 'a range is read without a barrier',
    edits: [
      {
        file: 'coordinator/src/http/routes/kv.ts',
        find: 'if (!request.serializable) await context.node.readBarrier(requestTimeoutMs(context))',
        replace: '',
      },
    ],
  },
  {
    number: 11,
    name: 'a transaction that only reads is read without a barrier',
    edits: [
      {
        file: 'coordinator/src/http/routes/kv.ts',
        find:
          'if (!serializable || ranges.length === 0)\n' +
          '      await context.node.readBarrier(requestTimeoutMs(context))',
        replace: '',
      },
    ],
  },
  {
    name: 'a round of reads answers those that came after it had begun',
    edits: [
      {
        file: 'coordinator/src/node/read-barrier.ts',
        find: 'this.#confirmed.push({ index, reads: this.#asking })',
        replace:
          'this.#asking.push(...this.#arrived.splice(0))\n' +
          '    this.#confirmed.push({ index, reads: this.#asking })',
      },
    ],
  },
  {
    name: 'a confirmed read does not wait until the state has come so far',
    edits: [
      {
        file: 'coordinator/src/node/read-barrier.ts',
        find: 'this.#confirmed[0] !== undefined && this.#confirmed[0].index <= appliedIndex',
        replace: 'this.#confirmed[0] !== undefined',
      },
    ],
  },

  // Of applying.
  {
    number: 10,
    name: 'the applied index is saved in a transaction of its own, after the rows',
    edits: [
      {
        file: 'coordinator/src/state-machine/apply.ts',
        find: 'this.#store.savePosition(this.#position)\n',
        replace: '',
      },
      {
        file: 'coordinator/src/state-machine/store-state-machine.ts',
        find: 'const applied = this.#store.transaction(() => run.run(batch))',
        replace:
          'const applied = this.#store.transaction(() => run.run(batch))\n' +
          '    this.#store.transaction(() => this.#store.savePosition(applied.position))',
      },
    ],
  },
  {
    number: 32,
    name: 'a lease lives a time that each member draws by itself',
    edits: [
      {
        file: 'coordinator/src/state-machine/lease.ts',
        find: 'const lease = { id, ttlSeconds, grantedIndex }',
        replace:
          'const lease = { id, ttlSeconds: ttlSeconds + Math.floor(2 * Math.random()), grantedIndex }',
      },
    ],
  },
  {
    number: 32,
    name: 'what is remembered of a request depends on how entries were batched',
    edits: [
      {
        file: 'coordinator/src/state-machine/apply.ts',
        find: 'remember(requests, request, this.#position, this.#limits)',
        replace:
          'remember(requests, request, { ...this.#position, revision: this.#position.revision + Math.min(1, this.#proposals.length) }, this.#limits)',
      },
    ],
  },
  {
    number: 31,
    name: 'a nested comparison reads what its own transaction has put',
    edits: [
      {
        file: 'coordinator/src/state-machine/chosen-branch.ts',
        find: "return { type: 'txn', succeeded, operations",
        replace: "return { type: 'txn', succeeded, source: txn, operations",
      },
      {
        file: 'coordinator/src/state-machine/execute.ts',
        find: 'execute(writer, inner))',
        replace:
          "execute(writer, inner.type === 'txn' ? chooseTxn(writer.store, inner.source) : inner))",
      },
      {
        file: 'coordinator/src/state-machine/execute.ts',
        find: "import { put } from './put.js'",
        replace: "import { put } from './put.js'\nimport { chooseTxn } from './chosen-branch.js'",
      },
    ],
  },

  // Of request ids.
  {
    name: 'a request id is recognised only by the member that it was sent to first',
    edits: [
      {
        file: 'coordinator/src/state-machine/apply.ts',
        find: 'const { requestId, command } = proposal',
        replace:
          'const { requestId: sent, command, origin } = proposal\n' +
          "    const requestId = sent && { ...sent, id: `${origin.split('/')[0]}-${sent.id}` }",
      },
    ],
  },
  {
    name: 'request ids are forgotten at a restart',
    edits: [
      {
        file: 'coordinator/src/storage/request-rows.ts',
        find: 'for (const { id, ...row } of this.#queries.load.all()) this.#index(id, row)',
        replace:
          'for (const row of this.#queries.load.all()) this.#nextSequence = row.sequence + 1',
      },
    ],
  },
  {
    name: 'what a repetition was answered is not remembered if it had no effect',
    edits: [
      {
        file: 'coordinator/src/state-machine/apply.ts',
        find: 'if (!hadEffect && requestId.isRepetition !== true) return outcome',
        replace: 'if (!hadEffect) return outcome',
      },
    ],
  },

  // Of snapshots.
  {
    number: 20,
    name: 'a copy of the state leaves out the request ids',
    edits: [imageWithout('requests')],
  },
  {
    number: 20,
    name: 'a copy of the state leaves out the leases',
    edits: [imageWithout('leases')],
  },
]

function imageWithout(table: string): NodeBug['edits'][number] {
  return {
    file: 'coordinator/src/storage/sqlite-state-store.ts',
    find: 'return this.#connection.client.serialize()',
    replace:
      'const { client } = this.#connection\n' +
      '    const copy = new client.constructor(client.serialize())\n' +
      `    copy.exec('DELETE FROM ${table}')\n` +
      '    const bytes = copy.serialize()\n' +
      '    copy.close()\n' +
      '    return bytes',
  }
}
