/**
 * Errors of SQLite are no ordinary Errors and lose their message on the way to another thread. What
 * ends a worker is therefore thrown again as one that keeps it.
 */

export function failPlainly(work: () => void): void {
  try {
    work()
  } catch (cause) {
    throw new Error(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}
