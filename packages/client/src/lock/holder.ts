/** What a holder says of itself, stored as the value of its key, for whoever asks who holds a lock. */

import { parseFirstJson, utf8Decode } from '@holdfast/protocol'

/** Every field is missing where the holder did not say; one written in Go says nothing. */
export interface LockHolder {
  readonly host?: string
  readonly pid?: number
  /** The `label` of its client, or of the lock. */
  readonly label?: string
  /** When it joined the queue, by its own wall clock, as ISO 8601. */
  readonly since?: string
}

/** Labels are shown, not stored for their own sake. */
const MAX_TEXT = 200

interface HostProcess {
  readonly pid?: unknown
  /** Node 20.16 and later, Bun and Deno. Not an import, which a worker's bundle could not resolve. */
  readonly getBuiltinModule?: (name: string) => { hostname?: () => string } | undefined
}

/** What tells this process from others, as far as its runtime says it. */
export type OwnProcess = Pick<LockHolder, 'host' | 'pid'>

export function ownProcess(): OwnProcess {
  const process = (globalThis as { readonly process?: HostProcess }).process
  const host = process?.getBuiltinModule?.('node:os')?.hostname?.()
  return {
    ...(host !== undefined && { host: host.slice(0, MAX_TEXT) }),
    ...(typeof process?.pid === 'number' && { pid: process.pid }),
  }
}

/** The value of a contender's key. */
export function describeSelf(self: OwnProcess, label: string | undefined, nowMs: number): string {
  const holder: LockHolder = {
    ...self,
    ...(label !== undefined && { label: label.slice(0, MAX_TEXT) }),
    since: new Date(nowMs).toISOString(),
  }
  return JSON.stringify(holder)
}

/** Reads such a value; whatever does not look like one says nothing. */
export function readHolder(value: Uint8Array): LockHolder {
  let json: unknown
  try {
    json = parseFirstJson(utf8Decode(value))
  } catch {
    return {}
  }
  if (typeof json !== 'object' || json === null) return {}
  const { host, pid, label, since } = json as Readonly<Record<string, unknown>>
  return {
    ...(typeof host === 'string' && { host }),
    ...(typeof pid === 'number' && { pid }),
    ...(typeof label === 'string' && { label }),
    ...(typeof since === 'string' && { since }),
  }
}
