/** Where the guarded writes of a lock or an election go. */

export function guardedKey(name: string): string {
  return `guarded/${name}`
}
