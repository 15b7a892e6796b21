/** What a checker found: the rule that is broken, the records at fault, and a line that says how. */

export interface Violation<Kind extends string, Subject> {
  readonly kind: Kind
  readonly message: string
  readonly records: readonly Subject[]
}

/** `what` leads up to the records, which are told in full behind it. */
export function violation<Kind extends string, Records extends readonly object[]>(
  kind: Kind,
  what: string,
  ...records: Records
): Violation<Kind, Records[number]> {
  const told = records.map((record) => JSON.stringify(record)).join(' and ')
  return { kind, message: `${what} ${told}`, records }
}
