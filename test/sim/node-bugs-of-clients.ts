/** Bugs of the SDK: of requests and their repetition, sessions, locks, elections and queues. */

import type { NodeBug } from './node-build.js'

export const BUGS_OF_CLIENTS: readonly NodeBug[] = [
  {
    number: 30,
    name: 'the client repeats a write under a new request id',
    edits: [
      {
        file: 'client/src/rpc/call.ts',
        find: 'this.#requestId ??= formatRequestId({',
        replace: 'this.#requestId = formatRequestId({',
      },
    ],
  },
  {
    name: 'the client reports a write whose answer was lost as not applied',
    edits: [
      {
        file: 'client/src/rpc/attempt-log.ts',
        find: "const outcome = this.inDoubt ? 'unknown' : 'not-applied'",
        replace: "const outcome = 'not-applied'",
      },
    ],
  },
  {
    name: 'the client gives up on a watch that broke, and goes on one revision too late',
    edits: [
      {
        file: 'client/src/watch/watch.ts',
        find: 'this.#nextRevision = batch.revision + 1\n',
        replace: 'this.#nextRevision = batch.revision + 2\n',
      },
    ],
  },
  {
    name: 'the client delivers again what a watch had told before it broke',
    edits: [
      {
        file: 'client/src/watch/watch.ts',
        find: 'this.#nextRevision = batch.revision + 1\n',
        replace: 'this.#nextRevision = batch.revision\n',
      },
    ],
  },

  // Of sessions.
  {
    name: 'the deadline of a session is counted from the answer',
    edits: [
      {
        file: 'client/src/rpc/call.ts',
        find: 'return { response, endpoint, sentAt, inDoubt: this.#log.inDoubt }',
        replace:
          'return { response, endpoint, sentAt: sentAt && context.clock.now(), inDoubt: this.#log.inDoubt }',
      },
    ],
  },
  {
    name: 'a session takes a lease that an earlier attempt was granted for a new one',
    edits: [
      {
        file: 'client/src/session/session.ts',
        find: "{ repetition: 'afresh' },",
        replace: "{ repetition: 'repeatable' },",
      },
    ],
  },
  {
    name: 'a session trusts its lease for longer than its TTL',
    edits: [
      {
        file: 'client/src/session/session.ts',
        find: 'const TRUSTED = 0.9',
        replace: 'const TRUSTED = 1.5',
      },
    ],
  },
  {
    name: 'a process that stood still does not look at the clock before it goes on',
    edits: [
      {
        file: 'client/src/session/hold.ts',
        find: 'this.session.checkClock()\n',
        replace: '',
      },
      {
        file: 'client/src/session/session.ts',
        find: 'Math.max(0, this.#remainingMs),',
        replace: 'Math.max(0, this.#remainingMs) + 100,',
      },
    ],
  },

  // Of locks and elections.
  {
    number: 28,
    name: 'a waiter does not look again when the one before it has gone',
    edits: [
      {
        file: 'client/src/contention/contender.ts',
        find: 'standing = await this.#look(signal)\n    }',
        replace: 'standing = { revision: standing.revision, predecessor: undefined }\n    }',
      },
    ],
  },
  {
    number: 28,
    name: 'a waiter does not look whether its own key is still there (Jepsen: etcd #11456)',
    edits: [
      {
        file: 'client/src/contention/contender.ts',
        find: 'if (own?.createRevision !== this.#createRevision) throw this.#displaced()',
        replace: 'void own',
      },
    ],
  },
  {
    name: 'a waiter watches from one revision too late',
    edits: [
      {
        file: 'client/src/contention/contender.ts',
        find: 'fromRevision: revision + 1',
        replace: 'fromRevision: revision + 2',
      },
    ],
  },
  {
    name: 'a contender takes the newest before it for the only one',
    edits: [
      {
        file: 'client/src/contention/contender.ts',
        find: 'const request = txnRequest({\n      if: [compare.absent({ prefix: text })],',
        replace: 'const request = txnRequest({\n      if: [compare.absent(this.key)],',
      },
      {
        file: 'client/src/contention/contender.ts',
        find: 'const [, before] = response.responses[1]?.responseRange?.kvs ?? []',
        replace: 'const [, , before] = response.responses[1]?.responseRange?.kvs ?? []',
      },
    ],
  },
  {
    name: 'a release deletes the keys of all who wait',
    edits: [
      {
        file: 'client/src/session/session.ts',
        find: 'op.delete(key)',
        replace: "op.delete({ prefix: key.slice(0, key.lastIndexOf('/') + 1) })",
      },
    ],
  },
  {
    name: 'who gives up waiting leaves its key behind',
    edits: [
      {
        file: 'client/src/contention/contend.ts',
        find: '    await contender.leave()\n    throw',
        replace: '    throw',
      },
    ],
  },
  {
    name: 'a guard compares nothing',
    edits: [
      {
        file: 'client/src/session/hold.ts',
        find: "compare.createRevision(this.key, '=', this.createRevision)",
        replace: "compare.createRevision(this.key, '>', -1)",
      },
    ],
  },

  // Of queues.
  {
    number: 29,
    name: 'an item is deleted when it is claimed',
    edits: [
      {
        file: 'client/src/queue/claim.ts',
        find: "op.put(tries, '')],",
        replace: "op.put(tries, ''), op.delete(key), op.delete(body)],",
      },
    ],
  },
  {
    name: 'a claim does not ask whether the item is still there',
    edits: [
      {
        file: 'client/src/queue/claim.ts',
        find: "compare.createRevision(key, '=', createRevision),",
        replace: '',
      },
    ],
  },
  {
    name: 'a claim does not ask whether there is another',
    edits: [
      {
        file: 'client/src/queue/claim.ts',
        find: "          compare.absent(claim),\n          compare.createRevision(key, '=', createRevision),\n          compare.version(tries, '=', attempts),\n",
        replace: "          compare.createRevision(key, '=', createRevision),\n",
      },
    ],
  },
  {
    name: 'an item is acknowledged without a guard',
    edits: [
      {
        file: 'client/src/queue/claim.ts',
        find: 'hold.assertHeld()\n    const { result, inDoubt }',
        replace: 'const { result, inDoubt }',
      },
      {
        file: 'client/src/queue/claim.ts',
        find: 'if: [hold.guard()],\n          then: [...removed',
        replace: 'if: [],\n          then: [...removed',
      },
    ],
  },
  {
    name: 'an acknowledged item leaves its content behind',
    edits: [
      {
        file: 'client/src/queue/claim.ts',
        find: 'const removed = [key, keys.body, keys.claim, keys.tries]',
        replace: 'const removed = [key, keys.claim, keys.tries]',
      },
    ],
  },
  {
    name: 'a push is acknowledged when its condition failed',
    edits: [
      {
        file: 'client/src/queue/producer.ts',
        find: '{ if: [compare.absent(unique)], then: puts, else: [op.get(unique)] }',
        replace: '{ if: [compare.exists(unique)], then: puts, else: [op.get(unique)] }',
      },
    ],
  },
]
