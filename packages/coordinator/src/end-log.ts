/** What the log says of a member that stops by itself. */

import type { Logger } from './logger.js'
import { MemberRemovedError } from './member-removed-error.js'

/**
 * Whoever doubts its state leaves all that is known of why. One that was removed does as it was told,
 * and whoever started it hears of it; it needs no stack trace.
 */
export function logEnd(log: Pick<Logger, 'info' | 'fatal'>, error: Error): void {
  if (error instanceof MemberRemovedError) log.info(`stopping: ${error.message}`)
  else log.fatal({ err: error }, 'stopping: this member can no longer be trusted')
}
