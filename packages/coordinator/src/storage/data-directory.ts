/**
 * The directory that holds a member's data: created private, its entries made durable, and locked
 * against a second process.
 *
 * A new file survives a power loss only after an fsync of the directory that names it, and a new
 * directory only after one of its parent (catalogue 33).
 *
 * Files are created with `wx`, so that one that exists is never opened here: closing any descriptor
 * of a file drops all POSIX locks that the process holds on it, SQLite's among them.
 */

import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { StorageError } from './storage-error.js'

const PRIVATE_DIRECTORY = 0o700
const PRIVATE_FILE = 0o600

/** @throws StorageError `notWritable` */
export function createDirectory(directory: string): void {
  const path = resolve(directory)
  const missing: string[] = []
  for (let at = path; !existsSync(at); at = dirname(at)) missing.unshift(at)
  try {
    // One by one: below /proc, for example, Node's recursive form never returns.
    for (const at of missing) {
      mkdirSync(at, { mode: PRIVATE_DIRECTORY })
      syncDirectory(dirname(at))
    }
  } catch (cause) {
    throw notWritable(path, cause)
  }
}

/**
 * Creates the file if it is missing, readable by its owner only. SQLite gives the files that it adds
 * beside a database (-wal, -shm, -journal) the mode of the database.
 *
 * @throws StorageError `notWritable`
 */
export function createFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', PRIVATE_FILE))
  } catch (cause) {
    if (hasCode(cause, 'EEXIST')) return
    throw notWritable(dirname(path), cause)
  }
}

export function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** The same, without being waited for on this thread. */
export async function syncDirectoryAside(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Within the directory; SQLite may leave a journal beside it. */
export const LOCK_FILE = 'lock'

export interface DirectoryLock {
  release(): void
}

/**
 * Takes the directory for this process. The lock is SQLite's exclusive lock on an empty database of
 * its own: the kernel releases it when the process ends, however it ends.
 *
 * @throws StorageError `directoryInUse` or `notWritable`
 */
export function lockDirectory(directory: string): DirectoryLock {
  const path = join(directory, LOCK_FILE)
  createFile(path)
  const client = openLockFile(path)
  try {
    client.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    client.close()
    if (!hasCode(cause, 'SQLITE_BUSY')) throw notWritable(directory, cause)
    throw new StorageError('directoryInUse', `${directory} is in use by another process`, { cause })
  }
  return { release: () => void client.close() }
}

function openLockFile(path: string): Database.Database {
  try {
    return new Database(path, { timeout: 0 })
  } catch (cause) {
    throw notWritable(dirname(path), cause)
  }
}

function notWritable(directory: string, cause: unknown): StorageError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new StorageError('notWritable', `${directory} cannot be written to: ${reason}`, { cause })
}

/** Of an error of the system, or of SQLite. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
