/** Why the node could not carry out a request, and whether the request may still take effect. */

export type NodeErrorReason =
  /** No leader is known, or none answered: certainly not applied. */
  | 'noLeader'
  /** Too much is waiting already: certainly not applied. */
  | 'tooManyRequests'
  /** The disk is nearly full, and the store would grow: certainly not applied. */
  | 'noSpace'
  /** The deadline passed; a write that had been submitted may still take effect. */
  | 'timeout'
  /** The chosen member did not take the leadership over; it may still do so. */
  | 'notTransferred'
  /** The node is closing; a write that had been submitted may still take effect. */
  | 'stopped'

export type NodeOutcome = 'not-applied' | 'unknown'

export class NodeError extends Error {
  override readonly name = 'NodeError'
  readonly reason: NodeErrorReason
  readonly outcome: NodeOutcome

  constructor(reason: NodeErrorReason, outcome: NodeOutcome) {
    super(`${reason} (${outcome})`)
    this.reason = reason
    this.outcome = outcome
  }
}
