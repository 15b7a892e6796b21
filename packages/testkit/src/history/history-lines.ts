/** Histories as text: one JSON object a line, so that a killed process leaves whole records. */

export function encodeHistory(records: readonly object[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('')
}

/**
 * The caller knows what the lines are. A line without its end was being written when its process
 * died, and is left out; anything else that is no JSON is an error.
 */
export function decodeHistory(text: string): readonly unknown[] {
  const lines = text.split('\n')
  return lines
    .slice(0, -1)
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown)
}
