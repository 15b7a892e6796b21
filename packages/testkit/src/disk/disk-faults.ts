/**
 * A disk that is slow, fails or is full, for one real process (`faults.c`): compiled where there is a
 * compiler, put before libc by LD_PRELOAD (Linux), and told through a file what to do, at any time.
 *
 *     const library = await compileDiskFaults()
 *     const faults = new DiskFaults({ library, directory: dataDirectory })
 *     spawn(command, args, { env: { ...process.env, ...faults.env } })
 *     faults.slow(2_000)
 */

import { execFile, spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { platform, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

/** A multiple of 8; the layout of `struct control`. */
const CONTROL_BYTES = 10 * 8 + 64
const AT = {
  slowFsyncMs: 0,
  failFsync: 8,
  failWrite: 16,
  failRead: 24,
  bytesLeft: 32,
  slowed: 40,
  failedFsyncs: 48,
  failedWrites: 56,
  failedReads: 64,
  refusedForSpace: 72,
  only: 80,
} as const
const MAX_NAME_BYTES = 63
const UNLIMITED = -1n
const FOR_EVER = -1n

export type HowOften = 'once' | 'forever'

/** How often each fault took effect since the start. */
export interface DiskFaultHits {
  readonly slowed: number
  readonly failedFsyncs: number
  readonly failedWrites: number
  readonly failedReads: number
  readonly refusedForSpace: number
}

export function canCompileDiskFaults(): boolean {
  return platform() === 'linux' && spawnSync('cc', ['--version']).status === 0
}

/** The path of the library, in a temporary directory: `removeDiskFaults` removes it. */
export async function compileDiskFaults(): Promise<string> {
  const library = join(mkdtempSync(join(tmpdir(), 'holdfast-faults-')), 'faults.so')
  // This module runs from `src` and from `dist`, which lie side by side.
  const source = join(import.meta.dirname, '../../src/disk/faults.c')
  const flags = ['-Wall', '-Wextra', '-Werror', '-O2', '-shared', '-fPIC']
  await promisify(execFile)('cc', [...flags, source, '-o', library, '-ldl'])
  return library
}

export function removeDiskFaults(library: string): void {
  rmSync(dirname(library), { recursive: true, force: true })
}

export interface DiskFaultsOptions {
  /** Made by `compileDiskFaults`. */
  readonly library: string
  /** Of symbolic links free; what is below has the faults. It need not exist yet. */
  readonly directory: string
}

export class DiskFaults {
  /** For the process that is to have the faults. */
  readonly env: Readonly<Record<string, string>>
  readonly #descriptor: number
  readonly #controlFile: string

  constructor({ library, directory }: DiskFaultsOptions) {
    this.#controlFile = join(mkdtempSync(join(tmpdir(), 'holdfast-faults-')), 'control')
    this.#descriptor = openSync(this.#controlFile, 'w+')
    writeSync(this.#descriptor, Buffer.alloc(CONTROL_BYTES), 0, CONTROL_BYTES, 0)
    this.#set('bytesLeft', UNLIMITED)
    this.env = {
      LD_PRELOAD: library,
      HOLDFAST_DISK_FAULTS: this.#controlFile,
      HOLDFAST_DISK_FAULTS_BELOW: directory,
    }
  }

  /** Only files with this in their names have faults from now on; all if it is empty. */
  only(namePart: string): void {
    const bytes = Buffer.alloc(MAX_NAME_BYTES + 1)
    if (Buffer.byteLength(namePart) > MAX_NAME_BYTES) throw new RangeError('too long a name')
    bytes.write(namePart)
    writeSync(this.#descriptor, bytes, 0, bytes.length, AT.only)
  }

  /** Every fsync takes so much longer. */
  slow(fsyncMs: number): void {
    this.#set('slowFsyncMs', BigInt(fsyncMs))
  }

  /** The next fsync, or every one, is answered EIO. */
  failFsync(howOften: HowOften): void {
    this.#set('failFsync', timesOf(howOften))
  }

  /** The same of writes. */
  failWrite(howOften: HowOften): void {
    this.#set('failWrite', timesOf(howOften))
  }

  /** The same of reads. What the page cache holds is read like anything else. */
  failRead(howOften: HowOften): void {
    this.#set('failRead', timesOf(howOften))
  }

  /** Files may grow by so much together, less what they shrink by; then ENOSPC. */
  full(bytesLeft: number): void {
    this.#set('bytesLeft', BigInt(bytesLeft))
  }

  /** How much they may still grow by; undefined if there is no limit. */
  get bytesLeft(): number | undefined {
    const left = this.#get('bytesLeft')
    return left < 0 ? undefined : left
  }

  /** No faults any more. */
  heal(): void {
    this.slow(0)
    for (const fault of ['failFsync', 'failWrite', 'failRead'] as const) this.#set(fault, 0n)
    this.#set('bytesLeft', UNLIMITED)
  }

  hits(): DiskFaultHits {
    return {
      slowed: this.#get('slowed'),
      failedFsyncs: this.#get('failedFsyncs'),
      failedWrites: this.#get('failedWrites'),
      failedReads: this.#get('failedReads'),
      refusedForSpace: this.#get('refusedForSpace'),
    }
  }

  /** To be called when the process has ended. */
  close(): void {
    closeSync(this.#descriptor)
    rmSync(dirname(this.#controlFile), { recursive: true, force: true })
  }

  #set(field: keyof typeof AT, value: bigint): void {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(value)
    writeSync(this.#descriptor, bytes, 0, bytes.length, AT[field])
  }

  #get(field: keyof typeof AT): number {
    const bytes = Buffer.alloc(8)
    readSync(this.#descriptor, bytes, 0, bytes.length, AT[field])
    return Number(bytes.readBigInt64LE())
  }
}

function timesOf(howOften: HowOften): bigint {
  return howOften === 'once' ? 1n : FOR_EVER
}
