/** A message that does not fit its schema, and where. */

import { HoldfastError } from './holdfast-error.js'

/**
 * The text is the one that etcd has for the problem, so that it can go on the wire; it names no field,
 * but this does.
 */
export class FieldError extends HoldfastError {
  override readonly name = 'FieldError'
  /** From the message to the field, such as `TxnRequest.success[0].request_put.lease`. */
  readonly path: string

  constructor(path: string, message: string) {
    super('invalidArgument', message, { outcome: 'not-applied' })
    this.path = path
  }
}
