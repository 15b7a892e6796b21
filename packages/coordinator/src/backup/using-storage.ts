/**
 * A storage for as long as something is done with it, by a program that does not serve. What a member
 * would stop for is what this fails with: an exception of a worker's listener would be nobody's.
 */

import { openStorage, type OpenStorageOptions, type Storage } from '../storage/open-storage.js'

/**
 * @param use is told by a promise that rejects when the storage has failed: not all that it waits for
 * need come then
 * @throws {StorageError} what the storage has failed with, at any time until it is closed
 */
export async function usingStorage(
  options: Omit<OpenStorageOptions, 'onFatal'>,
  use: (storage: Storage, failed: Promise<never>) => Promise<void>,
): Promise<void> {
  let fatal: Error | undefined
  let fail: (error: Error) => void = () => undefined
  const failed = new Promise<never>((_, reject) => (fail = reject))
  failed.catch(() => undefined)
  const onFatal = (error: Error): void => {
    fatal = error
    fail(error)
  }
  try {
    const storage = await openStorage({ ...options, onFatal })
    try {
      await use(storage, failed)
    } finally {
      await storage.close()
    }
  } catch (error) {
    // What fails afterwards fails because of it.
    throw fatal ?? error
  }
  if (fatal !== undefined) throw fatal
}
