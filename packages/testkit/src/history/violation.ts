/** What a checker found: the rule that is broken, the records at fault, and a line that says how. */

export interface Violation<Kind extends string, Subject> {
  readonly kind: Kind
  readonly message: string
  readonly records: readonly Subject[]
}
