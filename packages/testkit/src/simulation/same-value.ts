/** Whether two plain values are the same, bytes by what they are and not by what holds them. */

export function isSameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  const [ofA, ofB] = [Object.entries(a), new Map(Object.entries(b))]
  return (
    ofA.length === ofB.size &&
    ofA.every(([name, value]) => ofB.has(name) && isSameValue(value, ofB.get(name)))
  )
}
