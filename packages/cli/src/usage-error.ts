/** What was asked for makes no sense. The message is one line for the person who wrote it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
