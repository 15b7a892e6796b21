/**
 * What is stored of an item, from the push to the end, dead or alive: its value, and those of its
 * options that are needed again. As JSON, the value last, since it may be long:
 *
 *     {"priority":1,"dedupeId":"invoice/42","value":{"to":"ada@example.com"}}
 */

import { utf8Decode } from '@holdfast/protocol'
import { isPriority } from './options.js'

export interface ParcelOptions {
  readonly priority: number
  readonly dedupeId?: string | undefined
}

export interface Parcel extends ParcelOptions {
  readonly value: unknown
}

/** The value comes as JSON. */
export function encodeParcel(json: string, { priority, dedupeId }: ParcelOptions): string {
  return `${JSON.stringify({ priority, dedupeId }).slice(0, -1)},"value":${json}}`
}

/** Undefined when it is not one of ours. */
export function decodeParcel(bytes: Uint8Array): Parcel | undefined {
  const json = parse(utf8Decode(bytes))
  if (typeof json !== 'object' || json === null || !('value' in json)) return undefined
  const { value, priority, dedupeId } = json as Readonly<Record<string, unknown>>
  if (!isPriority(priority)) return undefined
  if (dedupeId !== undefined && typeof dedupeId !== 'string') return undefined
  return { value, priority, dedupeId }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
