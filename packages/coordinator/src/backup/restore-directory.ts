/**
 * The directory that a snapshot is restored into: a new one, or one that is there and empty, such as
 * the mount of a volume, in whose place nothing could be renamed.
 *
 * It is built in a directory within it, and its files are moved when they are whole and durable. That
 * directory goes last, and nobody serves while it is there (recover-directory.ts): so a crash at any
 * point leaves what the next restore takes over, and never half a state that somebody serves.
 */

import { readdir, rename, rm, rmdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { CoordinatorOptionsError } from '../coordinator-options.js'
import {
  createDirectory,
  hasCode,
  LOCK_FILE,
  lockDirectory,
  syncDirectory,
} from '../storage/data-directory.js'
import { pathsIn } from '../storage/directory-paths.js'

/** What a member that could not start leaves, and a file system. */
const OF_NOBODY: readonly string[] = [LOCK_FILE, `${LOCK_FILE}-journal`, 'lost+found']
/** What is moved. */
const OF_MEMBER = /^(?:raft|state)\.|^superblock$/

/**
 * @param build gets the directory to build in; when it fails, nothing is left
 * @throws {CoordinatorOptionsError} when there is something in it
 * @throws {StorageError} when it is in use, or cannot be written
 */
export async function buildDirectory<Result>(
  directory: string,
  build: (unfinished: string) => Promise<Result>,
): Promise<Result> {
  const isNew = (await requireUnused(directory)) === undefined
  createDirectory(directory)
  const lock = lockDirectory(directory)
  let isBuilt = false
  try {
    // Somebody else may have been quicker.
    await requireUnused(directory)
    await removeBuilt(directory)
    const built = await buildWithin(directory, build)
    isBuilt = true
    return built
  } finally {
    if (!isBuilt) await rm(join(directory, LOCK_FILE), { force: true })
    lock.release()
    // Only if it is empty.
    if (!isBuilt && isNew) await rmdir(directory).catch(() => undefined)
  }
}

async function buildWithin<Result>(
  directory: string,
  build: (unfinished: string) => Promise<Result>,
): Promise<Result> {
  const { restoring } = pathsIn(directory)
  try {
    createDirectory(restoring)
    const built = await build(restoring)
    for (const name of await readdir(restoring)) {
      if (OF_MEMBER.test(name)) await rename(join(restoring, name), join(directory, name))
    }
    syncDirectory(directory)
    await rm(restoring, { recursive: true })
    syncDirectory(directory)
    return built
  } catch (error) {
    await removeBuilt(directory)
    throw error
  }
}

/** What may be served without it goes last. */
async function removeBuilt(directory: string): Promise<void> {
  const { restoring } = pathsIn(directory)
  for (const name of await readdir(directory)) {
    if (OF_MEMBER.test(name)) await rm(join(directory, name))
  }
  syncDirectory(directory)
  await rm(restoring, { recursive: true, force: true })
  syncDirectory(directory)
}

/** What is in it; undefined when it is missing. @throws {CoordinatorOptionsError} */
async function requireUnused(directory: string): Promise<readonly string[] | undefined> {
  const names = await namesIn(directory)
  const restoring = basename(pathsIn(directory).restoring)
  const isUnfinished = names?.includes(restoring) === true
  const isNothing = (name: string): boolean =>
    OF_NOBODY.includes(name) || name === restoring || (isUnfinished && OF_MEMBER.test(name))
  if (names?.every(isNothing) !== false) return names
  throw new CoordinatorOptionsError(
    `${directory} is not empty: a snapshot is restored into a new directory, or an empty one`,
  )
}

async function namesIn(directory: string): Promise<readonly string[] | undefined> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    if (hasCode(error, 'ENOTDIR')) {
      throw new CoordinatorOptionsError(`${directory} is no directory`)
    }
    throw error
  }
}
