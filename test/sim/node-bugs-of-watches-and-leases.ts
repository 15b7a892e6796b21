/** Bugs of what is told to watchers, of compaction, and of what a leader does about leases. */

import type { NodeBug } from './node-build.js'

export const BUGS_OF_WATCHES_AND_LEASES: readonly NodeBug[] = [
  {
    number: 24,
    name: 'a watch loses a revision where history is handed over to live',
    edits: [
      {
        file: 'coordinator/src/watch/watch-hub.ts',
        find: '{ next, synced: next > revision }',
        replace: '{ next, synced: next >= revision }',
      },
    ],
  },
  {
    number: 24,
    name: 'a watch is told again where history is handed over to live',
    edits: [
      {
        file: 'coordinator/src/watch/watch-hub.ts',
        find: 'watcher.nextRevision = to + 1\n',
        replace: 'watcher.nextRevision = to\n',
      },
      {
        file: 'coordinator/src/watch/watch-hub.ts',
        find: 'export const REPLAY_REVISIONS = 1_000',
        replace: 'export const REPLAY_REVISIONS = 5',
      },
    ],
  },
  {
    number: 24,
    name: 'a watch hears nothing of what a snapshot brought',
    edits: [
      {
        file: 'coordinator/src/watch/watch-hub.ts',
        find:
          'watcher.nextRevision = Math.max(watcher.nextRevision, revision + 1)\n' +
          '      this.#fallBehind(watcher)',
        replace: 'watcher.nextRevision = this.#state.revision + 1',
      },
    ],
  },
  {
    number: 24,
    name: 'a watch is told again after a snapshot',
    edits: [
      {
        file: 'coordinator/src/watch/watch-hub.ts',
        find: 'watcher.nextRevision = Math.max(watcher.nextRevision, revision + 1)\n      this',
        replace: 'watcher.nextRevision = Math.max(2, watcher.nextRevision - 5)\n      this',
      },
    ],
  },
  {
    number: 25,
    name: 'progress is told to a watch that has not come so far',
    edits: [
      {
        file: 'coordinator/src/http/watch-session.ts',
        find: 'if (this.#living().every((watcher) => this.#hub.isCaughtUp(watcher)))',
        replace: 'if (this.#living().length > 0)',
      },
    ],
  },
  {
    number: 25,
    name: 'events out of history come with the revision of the store',
    edits: [
      {
        file: 'coordinator/src/watch/watch-hub.ts',
        find: 'this.#tell(watcher, events, to)',
        replace: 'this.#tell(watcher, events, this.#state.revision)',
      },
      {
        file: 'coordinator/src/watch/watch-hub.ts',
        find: 'export const REPLAY_REVISIONS = 1_000',
        replace: 'export const REPLAY_REVISIONS = 5',
      },
    ],
  },
  {
    number: 27,
    name: 'the events of one revision are split',
    edits: [
      {
        file: 'coordinator/src/watch/watch-hub.ts',
        find: 'this.#tell(watcher, events, last.revision)',
        replace: 'for (const event of events) this.#tell(watcher, [event], last.revision)',
      },
    ],
  },
  {
    name: 'a watch of an interval hears of its end',
    edits: [
      {
        file: 'coordinator/src/watch/watcher-index.ts',
        find: 'text < to)',
        replace: 'text <= to)',
      },
    ],
  },
  {
    name: 'a watch of an interval does not hear of its first key',
    edits: [
      {
        file: 'coordinator/src/watch/watcher-index.ts',
        find: 'text >= from &&',
        replace: 'text > from &&',
      },
    ],
  },
  {
    name: 'a watch is told the value before at a wrong revision',
    edits: [
      {
        file: 'coordinator/src/storage/version-writes.ts',
        find: 'const previous = replaced ? newestOf(replaced) : this.#revive(key)',
        replace:
          'const previous = replaced ? { ...newestOf(replaced), revision: replaced.createRevision } : this.#revive(key)',
      },
    ],
  },

  // Of compaction.
  {
    number: 26,
    name: 'compaction removes what is read at its revision',
    edits: [
      {
        file: 'coordinator/src/storage/compaction-sweep.ts',
        find: "${history.revision} <= ${at('target')}`",
        replace: "${history.revision} <= ${at('target')} + 1`",
      },
    ],
  },
  {
    number: 26,
    name: 'compaction removes a tombstone at its revision (etcd #19249)',
    edits: [
      {
        file: 'coordinator/src/storage/compaction-sweep.ts',
        find: 'row.revision >= compactRevision) return',
        replace: 'row.revision > compactRevision) return',
      },
    ],
  },
  {
    number: 26,
    name: 'the compacted revision itself cannot be read',
    edits: [
      {
        file: 'coordinator/src/state-machine/range.ts',
        find: 'if (operation.revision < compacted)',
        replace: 'if (operation.revision <= compacted)',
      },
    ],
  },
  {
    number: 26,
    name: 'the revision below the compacted one can be read',
    edits: [
      {
        file: 'coordinator/src/state-machine/range.ts',
        find: 'if (operation.revision < compacted)',
        replace: 'if (operation.revision < compacted - 1)',
      },
    ],
  },
  {
    number: 26,
    name: 'the compacted revision itself cannot be watched from',
    edits: [
      {
        file: 'coordinator/src/http/watch-session.ts',
        find: 'startRevision < compactRevision',
        replace: 'startRevision <= compactRevision',
      },
    ],
  },

  // Of leases.
  {
    number: 22,
    name: 'an expiry counts in any term',
    edits: [
      {
        file: 'coordinator/src/state-machine/lease.ts',
        find: 'term !== entryTerm || ',
        replace: '',
      },
    ],
  },
  {
    number: 22,
    name: 'an expiry counts in any term, and no quorum confirms its leader (etcd #15247)',
    edits: [
      {
        file: 'coordinator/src/state-machine/lease.ts',
        find: 'term !== entryTerm || ',
        replace: '',
      },
      {
        file: 'coordinator/src/node/lease-keeper.ts',
        find: 'await this.#options.confirmLeadership()',
        replace: 'await Promise.resolve()',
      },
    ],
  },
  {
    number: 23,
    name: 'a new leader counts the time of leases from their grant',
    edits: [
      {
        file: 'coordinator/src/node/lease-keeper.ts',
        find:
          'this.#armed.clear()\n' +
          '    for (const lease of this.#options.leases()) this.#arm(lease, base)',
        replace:
          'for (const lease of this.#options.leases()) if (!this.#armed.has(lease.id)) this.#arm(lease, base)',
      },
      {
        file: 'coordinator/src/node/lease-keeper.ts',
        find: 'this.#leadsInTerm = undefined\n    this.#armed.clear()',
        replace: 'this.#leadsInTerm = undefined',
      },
      {
        file: 'coordinator/src/node/lease-keeper.ts',
        find: 'if (this.leads) this.#arm(',
        replace: 'this.#arm(',
      },
    ],
  },
  {
    name: 'a keepalive is confirmed without a quorum (etcd #20615)',
    edits: [
      {
        file: 'coordinator/src/node/lease-service.ts',
        find: 'await reads.wait(timeoutMs)',
        replace: 'await Promise.resolve()',
      },
    ],
  },
  {
    name: 'a lease that is being expired is renewed',
    edits: [
      {
        file: 'coordinator/src/node/lease-keeper.ts',
        find: 'if (!armed.expiring) {',
        replace: 'if (armed.deadlineMs > -1) {',
      },
    ],
  },
  {
    name: 'the keys of a lease outlive it',
    edits: [
      {
        file: 'coordinator/src/state-machine/lease.ts',
        find: 'for (const live of writer.store.leases.keysOf(id)) writer.delete(live)',
        replace:
          'for (const live of writer.store.leases.keysOf(id).slice(0, 1)) writer.delete(live)',
      },
    ],
  },
]
