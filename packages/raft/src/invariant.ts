/**
 * Assertions that stay on in production. A broken invariant is a programmer's error or damaged
 * state; the member must stop, because one that doubts its own state must not vote or acknowledge.
 */

export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation'
}

/** Throws {@link InvariantViolation} unless `condition` holds. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantViolation(message)
}
