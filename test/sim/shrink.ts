/**
 * Cuts a failing run down (Zeller and Hildebrandt 2002, "ddmin"): whole kinds of events first, then
 * ever smaller runs of them, at last the numbers of those that are left. What remains still fails,
 * and no single event of it can be left out.
 */

import type { Event, Scenario } from './scenario.js'

export function shrink(scenario: Scenario, fails: (smaller: Scenario) => boolean): Scenario {
  const { cluster } = scenario
  const stillFails = (events: readonly Event[]): boolean => fails({ cluster, events })
  let events = withoutKinds(scenario.events, stillFails)
  for (let before = Infinity; events.length < before;) {
    before = events.length
    events = withoutRuns(events, stillFails)
  }
  return { cluster, events: withSmallNumbers(events, stillFails) }
}

type StillFails = (events: readonly Event[]) => boolean

function withoutKinds(events: readonly Event[], stillFails: StillFails): readonly Event[] {
  let left = events
  for (const kind of new Set(events.map(([name]) => name))) {
    const fewer = left.filter(([name]) => name !== kind)
    if (stillFails(fewer)) left = fewer
  }
  return left
}

function withoutRuns(events: readonly Event[], stillFails: StillFails): readonly Event[] {
  let left = events
  for (let length = Math.ceil(left.length / 2); length >= 1; length = Math.floor(length / 2)) {
    // From the end, where most of a failing run comes too late to matter.
    for (let from = left.length - length; from > -length; from -= length) {
      const fewer = left.filter((_, at) => at < from || at >= from + length)
      if (fewer.length < left.length && stillFails(fewer)) left = fewer
    }
  }
  return left
}

function withSmallNumbers(events: readonly Event[], stillFails: StillFails): readonly Event[] {
  let left = events
  for (let at = 0; at < events.length; at += 1) {
    for (const place of [1, 2] as const) {
      for (let number = 0; number < left[at]![place]; number = 2 * number + 1) {
        const event: [string, number, number] = [...left[at]!]
        event[place] = number
        const smaller = left.with(at, event)
        if (stillFails(smaller)) left = smaller
      }
    }
  }
  return left
}
