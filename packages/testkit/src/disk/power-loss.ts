/**
 * What a power loss may leave of the model disk: everything durable, and of the changes since then
 * any part. Each sector of a write is there whole, to some byte, or not at all; each truncation,
 * creation, renaming and removal has happened or not, whatever became of those before.
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ModelDisk } from './model-disk.js'
import {
  applied,
  changeNames,
  ModelFile,
  SECTOR_BYTES,
  type ModelDirectory,
  type ModelNode,
  type Written,
} from './model-file.js'

/** In [0, 1). */
export type Chance = () => number

/** How much of what was not synced has reached the disk. */
interface Luck {
  readonly contents: number
  readonly names: number
  readonly torn: number
}

const SHARES = [0, 0.05, 0.5, 0.95, 1]

/** Writes what is left of the root into `directory`, which exists and is empty. */
export function losePower(disk: ModelDisk, directory: string, chance: Chance): void {
  const share = (): number => SHARES[Math.floor(chance() * SHARES.length)] ?? 0
  const luck = { contents: share(), names: share(), torn: chance() < 0.5 ? 0 : 0.1 }
  writeDirectory(disk.root, directory, new Survivors(luck, chance))
}

/** A file with two names is one file, and is lost only once. */
class Survivors {
  readonly #luck: Luck
  readonly #chance: Chance
  readonly #contents = new Map<ModelFile, Buffer>()

  constructor(luck: Luck, chance: Chance) {
    this.#luck = luck
    this.#chance = chance
  }

  names(directory: ModelDirectory): ReadonlyMap<string, ModelNode> {
    const names = new Map(directory.durable)
    for (const change of directory.pending) {
      if (this.#chance() < this.#luck.names) changeNames(names, change)
    }
    return names
  }

  contents(file: ModelFile): Buffer {
    const known = this.#contents.get(file)
    if (known !== undefined) return known
    let content = Buffer.from(file.durable)
    for (const change of file.pending) {
      for (const part of change.type === 'write' ? this.#sectors(change) : [change]) {
        if (this.#chance() < this.#luck.contents) content = applied(content, part)
      }
    }
    this.#contents.set(file, content)
    return content
  }

  *#sectors({ at, bytes }: Written): Generator<Written> {
    for (let from = 0; from < bytes.length;) {
      const to = Math.min(bytes.length, from + SECTOR_BYTES - ((at + from) % SECTOR_BYTES))
      const isTorn = this.#chance() < this.#luck.torn
      const end = isTorn ? from + Math.floor(this.#chance() * (to - from)) : to
      yield { type: 'write', at: at + from, bytes: bytes.subarray(from, end), isDone: true }
      from = to
    }
  }
}

function writeDirectory(from: ModelDirectory, to: string, survivors: Survivors): void {
  for (const [name, node] of survivors.names(from)) {
    const path = join(to, name)
    if (node instanceof ModelFile) {
      writeFileSync(path, survivors.contents(node), { mode: 0o600 })
    } else {
      mkdirSync(path, { mode: 0o700 })
      writeDirectory(node, path, survivors)
    }
  }
}
