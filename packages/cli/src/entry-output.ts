/** How keys with their values, and the results of operations on them, are printed. */

import type { DeleteResult, Entry, PutResult, RangeResult } from '@holdfast/client'
import { jsonBytes, printable } from './output.js'

export function jsonEntry(entry: Entry): object {
  const { createRevision, modRevision, version, lease } = entry
  const key = jsonBytes(entry.keyBytes)
  return { key, value: jsonBytes(entry.bytes), createRevision, modRevision, version, lease }
}

const jsonPrevious = (entry: Entry | undefined): object | undefined => entry && jsonEntry(entry)

/** The key on one line and the value on the next, as etcdctl has it. */
export function textEntry(entry: Entry): string {
  return `${printable(entry.keyBytes)}\n${printable(entry.bytes)}`
}

export function jsonRange({ revision, count, more, entries }: RangeResult): object {
  return { revision, count, more, entries: entries.map(jsonEntry) }
}

export function textRange(
  { count, entries }: RangeResult,
  { keysOnly, countOnly }: { readonly keysOnly?: boolean; readonly countOnly?: boolean },
): string {
  if (countOnly === true) return String(count)
  if (keysOnly === true) return entries.map(({ keyBytes }) => printable(keyBytes)).join('\n')
  return entries.map(textEntry).join('\n')
}

export function jsonPut({ revision, previous }: PutResult): object {
  return { revision, previous: jsonPrevious(previous) }
}

export function textPut({ revision, previous }: PutResult): string {
  const ok = `OK, revision ${revision}`
  return previous === undefined ? ok : `${ok}\n${textEntry(previous)}`
}

export function jsonDelete({ revision, deleted, previous }: DeleteResult): object {
  return { revision, deleted, previous: previous.map(jsonEntry) }
}

export function textDelete({ deleted, previous }: DeleteResult): string {
  return [`${deleted} deleted`, ...previous.map(textEntry)].join('\n')
}
