/**
 * Takes the composite events of a run apart into the single ones that they came to, so that a kept
 * script shows what happens and goes on to mean the same when a nemesis changes.
 */

import { CHANGES, play, type Event } from './simulation-events.test-support.js'
import type { Scenario } from './simulation-seed.test-support.js'
import type { MembershipChange } from './membership-change.js'
import { SimulatedCluster, type SimulatedMember } from './simulation.test-support.js'

const COMPOSITE: readonly string[] = [
  'ticks',
  'everybodyTicks',
  'stir',
  'proposeToLeader',
  'readAtEach',
  'usurp',
  'reign',
  'churn',
  'change',
]

type Calls = {
  readonly [K in keyof SimulatedCluster]?: SimulatedCluster[K] extends (...args: infer A) => unknown
    ? (...args: A) => Event
    : never
}

/** The same run as single events, up to what was violated, if anything was. */
export function expandScenario({ cluster: options, events }: Scenario): Scenario {
  const cluster = new SimulatedCluster(options)
  const single: Event[] = []
  const recording = recordingOf(cluster, single)
  try {
    for (const event of events) {
      const isComposite = COMPOSITE.includes(event[0])
      if (!isComposite) single.push(event)
      play(isComposite ? recording : cluster, event)
    }
  } catch {
    // What was violated ends the run; whoever runs the list again will see it.
  }
  return { cluster: options, events: single }
}

/** The cluster, but each call of one of its methods is noted as an event. */
function recordingOf(cluster: SimulatedCluster, notes: Event[]): SimulatedCluster {
  const at = (member: SimulatedMember): number => cluster.members.indexOf(member)
  const atId = (id: string): number => cluster.members.findIndex((member) => member.id === id)
  const calls: Calls = {
    tick: (member) => ['tick', at(member), 0],
    runRound: () => ['round', 0, 0],
    processReady: (member) => ['ready', at(member), 0],
    completeWrite: (member) => ['write', at(member), 0],
    deliver: (position, keep) => [keep === true ? 'deliverTwice' : 'deliver', position, 0],
    propose: (member) => ['propose', at(member), 0],
    read: (member) => ['read', at(member), 0],
    start: (member, appliedIndex) => ['start', at(member), appliedIndex],
    stall: (member) => ['stall', at(member), 0],
    resume: (member) => ['resume', at(member), 0],
    compact: (member, index) => ['compact', at(member), index],
    transfer: (member, to) => ['transfer', at(member), atId(to)],
    partition: (ids) => ['partitionOf', ids.reduce((mask, id) => mask | (1 << atId(id)), 0), 0],
    changeMembership: (member, change) => ['changeOf', at(member), changeNumber(change, atId)],
  }
  return new Proxy(cluster, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      const noteOf = calls[name as keyof SimulatedCluster] as (...args: unknown[]) => Event
      return (...args: unknown[]): unknown => {
        notes.push(noteOf(...args))
        return Reflect.apply(value, target, args)
      }
    },
  })
}

function changeNumber(change: MembershipChange, atId: (id: string) => number): number {
  if (change.type === 'updateContext') throw new Error('no nemesis changes only the context')
  return 10 * CHANGES.indexOf(change.type) + atId(change.id)
}
