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
    find: 'writer.write(group);\n',
    replace:
      'port.postMessage({ number: group.at(-1).number, transactions });\n    writer.write(group);\n',
  },
  {
    name: 'the WAL that a checkpoint has emptied is not fsynced (DESIGN, Why it is durable, 3)',
    file: 'storage/checkpoint-worker.js',
    find: '    syncWal(walPath);\n',
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
  {
    name: 'the checksums of the pages are saved after the WAL is emptied',
    file: 'storage/checkpoint-worker.js',
    find: "    sums.save(sumsPath);\n    copyWholly('TRUNCATE');\n",
    replace: "    copyWholly('TRUNCATE');\n    sums.save(sumsPath);\n",
  },
  {
    name: 'pages that a checkpoint has cut off are missed',
    file: 'storage/page-sums.js',
    find: 'Math.min(this.#sums.length, databasePages ?? Infinity)',
    replace: 'this.#sums.length',
  },
  {
    name: 'the superblock claims entries that are being taken away',
    file: 'storage/log-writer.js',
    find: '        this.#lowerClaim(group);\n',
    replace: '',
  },
  {
    name: 'the superblock claims what is not written yet',
    file: 'storage/raft-log-worker.js',
    find: 'writer.write(group);\n',
    replace:
      'superblock.claim({ term: 1e9, votedFor: null, lastIndex: 0, lastChecksum: 0 });\n    writer.write(group);\n',
  },
]
