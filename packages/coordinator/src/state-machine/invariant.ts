/**
 * Assertions of the state machine. One that fails means a programming error or damaged state: the
 * member must stop, because a member that doubts its own state must not go on applying.
 */

export class StateMachineInvariant extends Error {
  override readonly name = 'StateMachineInvariant'
}

/** Throws {@link StateMachineInvariant} unless `condition` holds. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new StateMachineInvariant(message)
}
