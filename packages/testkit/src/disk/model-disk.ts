/**
 * A file system that promises what POSIX does and no more: what is written is durable when an fsync
 * of the file has returned; that a file has a name, when an fsync of its directory has. It is told of
 * the calls of a traced program and can say at any moment what a power loss would leave
 * (`power-loss.ts`). Paths outside of its root do not exist for it.
 *
 * What it does not know it refuses, rather than be wrong about what is durable.
 */

import { basename, dirname, relative } from 'node:path'
import {
  ModelDirectory,
  ModelFile,
  type Change,
  type ModelNode,
  type Written,
} from './model-file.js'
import { bytesOf, textOf, type CallEvent, type SystemCall } from './system-call.js'

interface OpenFile {
  readonly node: ModelNode
  readonly path: string
  position: number
}

interface UnderWay {
  readonly finish: () => void
  /** Whether that is so, too, if its program ends before it returns. */
  readonly outlivesProgram: boolean
}

/** Shared memory of SQLite's readers and writers: not read after a restart. */
const UNSYNCED_BY_DESIGN = /-shm$/
/** Where descriptors stand among the arguments, if not in the first place alone. */
const DESCRIPTORS_AT: Readonly<Record<string, readonly number[]>> = {
  copy_file_range: [0, 2],
  dup2: [0, 1],
  dup3: [0, 1],
  mmap: [4],
}

export class ModelDisk {
  readonly root = new ModelDirectory()
  readonly #rootPath: string
  #open = new Map<number, OpenFile>()
  /** What calls under way will have done when they return. */
  readonly #underWay = new Map<SystemCall, UnderWay>()
  #isOurs = false

  /** `rootPath` exists, is durable, and empty. */
  constructor(rootPath: string) {
    this.#rootPath = rootPath
  }

  /**
   * The program that was traced has ended, however: its descriptors are lost, its changes are not. One
   * that was cut off counts as made, so that the next fsync covers it; an fsync that was, as none.
   */
  endProgram(): void {
    for (const { finish, outlivesProgram } of this.#underWay.values()) {
      if (outlivesProgram) finish()
    }
    this.#open = new Map()
    this.#underWay.clear()
  }

  /** Whether it was about this disk. */
  on({ phase, call }: CallEvent): boolean {
    this.#isOurs = false
    if (phase === 'begin') this.#begin(call)
    else this.#end(call)
    return this.#isOurs
  }

  /** What changes contents or names: it may reach the disk from now on. */
  #begin(call: SystemCall): void {
    const { name, args, result } = call
    // A failed fsync may have written something all the same; a failed change of a name has not.
    if (result !== undefined && result < 0) return
    const file = this.#open.get(Number(args[0]))
    switch (name) {
      case 'write':
        if (file === undefined) return
        this.#write(call, file, bytesOf(args[1]), file.position)
        return
      case 'pwrite64':
        if (file !== undefined) this.#write(call, file, bytesOf(args[1]), Number(args[3]))
        return
      case 'ftruncate':
        if (file !== undefined) this.#resize(call, file, Number(args[1]))
        return
      case 'fsync':
      case 'fdatasync':
        if (file !== undefined) this.#sync(call, file.node)
        return
      case 'rename':
      case 'unlink':
      case 'rmdir':
      case 'mkdir':
        this.#rename(call)
        return
      case 'close':
        if (file !== undefined) this.#close(call, file)
        return
      case 'open':
      case 'openat':
      case 'creat':
        return
      default:
        this.#refuse(call)
    }
  }

  /** What it does to descriptors, and what an fsync makes durable, is so from its return on. */
  #end(call: SystemCall): void {
    const underWay = this.#underWay.get(call)
    this.#underWay.delete(call)
    if (call.result === undefined || call.result < 0) {
      if (underWay !== undefined) throw new Error(`${call.name} failed after it had begun`)
      return
    }
    if (underWay !== undefined) this.#isOurs = true
    underWay?.finish()
    if (call.name === 'openat') this.#openAt(call, call.result)
    if (call.name === 'open' || call.name === 'creat') this.#refuse(call)
  }

  #write(call: SystemCall, file: OpenFile, bytes: Buffer, at: number): void {
    const { node } = file
    if (node.kind !== 'file') return
    if (call.name === 'write') file.position += bytes.length
    const change: Written = { type: 'write', at, bytes, isDone: false }
    node.pending.push(change)
    const finish = (): void => {
      const { result = bytes.length } = call
      if (result !== bytes.length) throw new Error('a short write')
      change.isDone = true
    }
    this.#finishLater(call, { finish, outlivesProgram: true })
  }

  #resize(call: SystemCall, { node }: OpenFile, size: number): void {
    if (node.kind !== 'file') return
    const change = { type: 'resize', size, isDone: false } as const
    node.pending.push(change)
    this.#doneLater(call, change)
  }

  #sync(call: SystemCall, node: ModelNode): void {
    const covered: readonly Change[] = node.pending.filter(({ isDone }) => isDone)
    this.#finishLater(call, { finish: () => node.sync(covered), outlivesProgram: false })
  }

  /** Its number is free, and may be another file's, before it returns. */
  #close(call: SystemCall, file: OpenFile): void {
    const descriptor = Number(call.args[0])
    const finish = (): void => {
      if (this.#open.get(descriptor) === file) this.#open.delete(descriptor)
    }
    this.#finishLater(call, { finish, outlivesProgram: false })
  }

  #rename(call: SystemCall): void {
    const from = this.#locate(textOf(call.args[0]))
    if (from === undefined) return
    const added = this.#newEntry(call, from)
    if (added === undefined && !from.directory.entries.has(from.name)) return
    const removed = call.name === 'mkdir' ? [] : [from.name]
    const change = { removed, ...(added && { added }), isDone: false }
    from.directory.change(change)
    this.#doneLater(call, change)
  }

  #newEntry(
    call: SystemCall,
    from: { readonly directory: ModelDirectory; readonly name: string },
  ): readonly [string, ModelNode] | undefined {
    if (call.name === 'mkdir') return [from.name, new ModelDirectory()]
    if (call.name !== 'rename') return undefined
    const node = from.directory.entries.get(from.name)
    const to = this.#locate(textOf(call.args[1]))
    if (to?.directory !== from.directory) throw new Error('renamed into another directory')
    if (node === undefined) throw new Error(`${from.name} was renamed, which is not there`)
    return [to.name, node]
  }

  #openAt({ args }: SystemCall, descriptor: number): void {
    this.#open.delete(descriptor)
    const path = textOf(args[1])
    if (path === this.#rootPath) {
      this.#open.set(descriptor, { node: this.root, path, position: 0 })
      return
    }
    const place = this.#locate(path)
    if (place === undefined) return
    this.#isOurs = true
    const { directory, name } = place
    const flags = args[2] ?? ''
    if (flags.includes('O_APPEND')) throw new Error(`${path} is appended to`)
    let node = directory.entries.get(name)
    if (node === undefined) {
      if (!flags.includes('O_CREAT')) throw new Error(`${path} was opened, which is not there`)
      node = new ModelFile()
      directory.change({ removed: [], added: [name, node], isDone: true })
    } else if (flags.includes('O_TRUNC') && node.kind === 'file') {
      node.pending.push({ type: 'resize', size: 0, isDone: true })
    }
    this.#open.set(descriptor, { node, path, position: 0 })
  }

  /** Undefined outside of the root. */
  #locate(path: string): { directory: ModelDirectory; name: string } | undefined {
    const below = relative(this.#rootPath, path)
    if (below === '' || below.startsWith('..')) return undefined
    const parent = dirname(below)
    let directory: ModelDirectory = this.root
    for (const name of parent === '.' ? [] : parent.split('/')) {
      const next = directory.entries.get(name)
      if (next?.kind !== 'directory') return undefined
      directory = next
    }
    return { directory, name: basename(below) }
  }

  #doneLater(call: SystemCall, change: Change): void {
    const finish = (): void => {
      change.isDone = true
    }
    this.#finishLater(call, { finish, outlivesProgram: true })
  }

  #finishLater(call: SystemCall, underWay: UnderWay): void {
    this.#isOurs = true
    this.#underWay.set(call, underWay)
  }

  /** Unless it has nothing to do with our files. */
  #refuse({ name, args }: SystemCall): void {
    const descriptors = DESCRIPTORS_AT[name] ?? [0]
    const [file] = descriptors.flatMap((at) => this.#open.get(Number(args[at])) ?? [])
    if (name === 'mmap') {
      const isWritten = args[3]?.includes('MAP_SHARED') === true && args[2]?.includes('WRITE')
      if (file === undefined || !isWritten || UNSYNCED_BY_DESIGN.test(file.path)) return
    } else if (file === undefined && !this.#namesOurs(args)) return
    throw new Error(`the model disk does not know ${name}(${args.join().slice(0, 200)})`)
  }

  #namesOurs(args: readonly string[]): boolean {
    return args.some((arg) => arg.startsWith('"') && textOf(arg).startsWith(`${this.#rootPath}/`))
  }
}
