/** Why there is no copy of the state. Nothing is wrong with the state. */

export type CopyRefusalReason =
  /** The disk has no room for it. */
  | 'noRoom'
  /** Whoever makes copies has ended, or does so before it is made. */
  | 'closed'

export class CopyRefusal extends Error {
  override readonly name = 'CopyRefusal'
  readonly reason: CopyRefusalReason

  constructor(reason: CopyRefusalReason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}
