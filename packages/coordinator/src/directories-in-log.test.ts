/** What is published is known to whoever has it in the log, applied or not (catalogue 34). */

import { expect, it } from 'vitest'
import { directoriesInLog } from './directories-in-log.js'
import type { Command } from './state-machine/command.js'
import type { DirectoryStamp } from './state-machine/directory-stamp.js'
import { encodeProposal } from './state-machine/proposal-codec.js'
import { kv, put } from './state-machine/state-machine.test-support.js'
import { append, newDirectory, open } from './storage/storage.test-support.js'

const stamp = (directoryId: string, generation: number): DirectoryStamp => {
  return { directoryId, generation, generationId: `${generation}` }
}

function published(id: string, directory: DirectoryStamp | undefined): Command {
  return { type: 'publishMember', member: { id, name: 'm', clientUrls: [], directory } }
}

function encoded(command: Command): Uint8Array {
  return encodeProposal({ origin: '', sequence: 1, requestId: undefined, command })
}

it('finds what is not applied yet, and passes over what cannot be read', async () => {
  const storage = await open(newDirectory())
  const data = [
    encoded(published('1', stamp('applied', 1))),
    encoded(published('2', stamp('d', 1))),
    Buffer.from([99]),
    encoded(kv(put('key', 'x'.repeat(2_000_000)))),
    encoded(published('2', stamp('d', 2))),
    encoded(published('2', stamp('another', 9))),
    encoded(published('3', undefined)),
  ]
  await append(
    storage,
    data.map((bytes, at) => ({ index: at + 1, term: 1, kind: 'command', data: bytes })),
  )
  storage.state.apply([{ index: 1, term: 1, proposal: undefined }])
  expect([...directoriesInLog(storage)]).toEqual([['2', stamp('d', 2)]])
})

it('finds nothing in an empty log', async () => {
  expect(directoriesInLog(await open(newDirectory())).size).toBe(0)
})
