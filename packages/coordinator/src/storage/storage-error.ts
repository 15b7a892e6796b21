/** Why a data directory cannot be used: one clear line for whoever starts the program. */

export type StorageErrorCode =
  | 'directoryInUse'
  /** It belongs to another cluster or another member. */
  | 'foreignDirectory'
  | 'formatTooNew'
  | 'notWritable'
  | 'damaged'
  /** The database would not run in the mode that durability depends on. */
  | 'unsafeSettings'
  /** A thread that writes to the disk died, or a write or fsync failed. Never retried. */
  | 'writeFailed'

export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly code: StorageErrorCode

  constructor(code: StorageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
