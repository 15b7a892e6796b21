/** How events stand in messages: all of one revision together, in parts only for who asks (§8.33). */

import { eventsOf, toldEvent } from './told-event.js'

type Json = Readonly<Record<string, unknown>>

/** Of each watch, by its id. */
interface Told {
  upTo: number
  isPart: boolean
}

/** The first message that is not as all must be. */
export function misshapen(messages: readonly Json[], now: number): unknown {
  const watches = new Map<unknown, Told>()
  for (const message of messages) {
    const { watch_id: id, created, fragment, header } = (message['result'] ?? {}) as Json
    if (created === true) watches.set(id, { upTo: 0, isPart: false })
    const revisions = eventsOf([message]).map((event) => toldEvent(event).revision)
    const told = watches.get(id)
    if (told === undefined || revisions.length === 0) continue
    const isNext = told.isPart ? revisions[0]! >= told.upTo : revisions[0]! > told.upTo
    const revision = Number((header as Json | undefined)?.['revision'])
    const isSane = revision >= revisions.at(-1)! && revision <= now
    if (!isNext || !isSane) return { message: withoutValues(message), told }
    told.upTo = revisions.at(-1)!
    told.isPart = fragment === true
  }
  return [...watches.values()].find(({ isPart }) => isPart)
}

/** How many events each part has of what is told in parts, by watch and revision. */
export function partsOf(messages: readonly Json[]): Readonly<Record<string, readonly number[]>> {
  const parts: Record<string, number[]> = {}
  const isPart = new Map<unknown, boolean>()
  for (const message of messages) {
    const { watch_id: id = '0', fragment } = (message['result'] ?? {}) as Json
    const events = eventsOf([message])
    if (events.length === 0) continue
    if (fragment === true || isPart.get(id) === true) {
      const name = `${String(id)} at ${toldEvent(events[0]!).revision}`
      parts[name] = [...(parts[name] ?? []), events.length]
    }
    isPart.set(id, fragment === true)
  }
  return parts
}

function withoutValues(message: Json): unknown {
  const text = JSON.stringify(message)
  return text.length < 10_000 ? message : `${text.slice(0, 10_000)}…`
}
