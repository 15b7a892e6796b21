/**
 * Watch messages as JSON text. An event is told to every watcher that wants it, so its text is made
 * once, whoever asks.
 */

import { Event, KeyValue, WatchResponse, type WatchResponseInput } from '@holdfast/protocol'
import type { StoreEvent } from '../state-machine/outcome.js'
import type { WatchedEvent } from '../watch/watcher.js'

const textOfEvent = new WeakMap<StoreEvent, string>()

function eventText({ event, prevKv }: WatchedEvent): string {
  let text = textOfEvent.get(event)
  if (text === undefined) {
    const type = event.type === 'put' ? 'PUT' : 'DELETE'
    text = JSON.stringify(Event.encode({ type, kv: event.kv }))
    textOfEvent.set(event, text)
  }
  if (prevKv === undefined) return text
  return `${text.slice(0, -1)},"prev_kv":${JSON.stringify(KeyValue.encode(prevKv))}}`
}

/** @param head everything but the events */
export function watchText(head: WatchResponseInput, events: readonly WatchedEvent[]): string {
  const text = JSON.stringify(WatchResponse.encode(head))
  if (events.length === 0) return text
  const separator = text === '{}' ? '' : ','
  return `${text.slice(0, -1)}${separator}"events":[${events.map(eventText).join(',')}]}`
}
