/**
 * What is left out of the storage, one at a time, to see that the power-loss test notices: each is one
 * change of the built code, and each has cost somebody data.
 */

import type { Change } from './coordinator-build.js'

export interface PlantedFault extends Change {
  readonly name: string
}

export const PLANTED_FAULTS: readonly PlantedFault[] = [
  {
    name: 'the log is written at synchronous=NORMAL (catalogue 30)',
    file: 'storage/sqlite-client.js',
    find: 'SYNCHRONOUS = { off: 0, full: 2 }',
    replace: 'SYNCHRONOUS = { off: 0, full: 1 }',
  },
  {
    name: 'directories are not fsynced (catalogue 33; CCF #7030)',
    file: 'storage/data-directory.js',
    find: 'fsyncSync(descriptor)',
    replace: 'undefined',
  },
  {
    name: 'a write is acknowledged before it is committed',
    file: 'storage/raft-log-worker.js',
    find: 'writer.write(group);\n    transactions++;\n',
    replace: 'setImmediate(() => writer.write(group));\n    transactions++;\n',
  },
  {
    name: 'the WAL that a checkpoint has emptied is not fsynced (DESIGN, Why it is durable, 3)',
    file: 'storage/checkpoint-worker.js',
    find: '    syncWal();\n',
    replace: '',
  },
  {
    name: 'the checkpoints of the state run at synchronous=OFF',
    file: 'storage/checkpoint-worker.js',
    find: "const copier = openClient(path, 'full')",
    replace: "const copier = openClient(path, 'off')",
  },
  {
    name: 'a received snapshot is renamed without an fsync',
    file: 'storage/incoming-snapshot.js',
    find: 'await syncFile(this.#descriptor)',
    replace: 'undefined',
  },
]
