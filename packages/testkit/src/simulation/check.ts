/** What must hold; a run ends at the first thing that does not. */

export class InvariantBroken extends Error {
  override readonly name = 'InvariantBroken'
}

/** @throws {InvariantBroken} */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantBroken(message)
}
