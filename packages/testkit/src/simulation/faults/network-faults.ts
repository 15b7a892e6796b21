/**
 * Partitions of every shape (Jepsen's targets; Alquraan et al., OSDI '18; Cloudflare 2020-11-02 for
 * those in one direction), and bad weather.
 */

import type { Cancel } from '@holdfast/coordinator/parts'
import type { Direction } from '../links.js'
import { memberHost } from '../simulated-cluster.js'
import type { Fault, FaultContext } from './fault.js'
import { pickMember } from './fault.js'

/** Cuts these directions, and mends them at the end. */
function cutting(choose: (context: FaultContext) => readonly Direction[]): Fault {
  return (context) => context.cluster.links.cut(choose(context))
}

export function bothWays(as: readonly string[], bs: readonly string[]): readonly Direction[] {
  return as.flatMap((a) =>
    bs.flatMap((b): Direction[] => [
      [a, b],
      [b, a],
    ]),
  )
}

export function idsOf({ cluster }: FaultContext): readonly string[] {
  return cluster.members.map(({ id }) => id)
}

function isolated(context: FaultContext): readonly Direction[] {
  const { id } = pickMember(context)
  return bothWays(
    [id],
    idsOf(context).filter((other) => other !== id),
  )
}

export const isolate = cutting(isolated)

export const halves = cutting((context) => {
  const ids = idsOf(context)
  const some = context.chance.sample(ids, Math.floor(ids.length / 2))
  return bothWays(
    some,
    ids.filter((id) => !some.includes(id)),
  )
})

/** One member hears nobody, or nobody hears it. */
export const oneWay = cutting((context) => {
  const { id } = pickMember(context)
  const isDeaf = context.chance.happens(0.5)
  return idsOf(context)
    .filter((other) => other !== id)
    .map((other): Direction => (isDeaf ? [other, id] : [id, other]))
})

/** Two halves that hear each other through one member only. */
export const bridge = cutting((context) => {
  const { id } = pickMember(context)
  const others = idsOf(context).filter((other) => other !== id)
  const some = context.chance.sample(others, Math.floor(others.length / 2))
  return bothWays(
    some,
    others.filter((other) => !some.includes(other)),
  )
})

/** A partition that comes and goes, about as fast as elections do. */
export const flapping: Fault = (context) => {
  const { cluster, chance } = context
  const directions = isolated(context)
  let mend: (() => void) | undefined
  let cancel: Cancel
  const flap = (): void => {
    if (mend === undefined) mend = cluster.links.cut(directions)
    else {
      mend()
      mend = undefined
    }
    cancel = cluster.world.after(chance.between(200, 800), flap)
  }
  flap()
  return () => {
    cancel()
    mend?.()
  }
}

/** Some clients lose some members, or only their answers. */
export const cutClients = cutting((context) => {
  const { clients, chance } = context
  const names = clients.hosts.map(({ name }) => name)
  const cut = chance.sample(names, 1 + chance.below(3))
  const members = chance.sample(idsOf(context).map(memberHost), 1 + chance.below(2))
  const onlyAnswers = chance.happens(0.5)
  return cut.flatMap((name) =>
    members.flatMap((member): readonly Direction[] =>
      onlyAnswers ? [[member, name]] : bothWays([member], [name]),
    ),
  )
})

/** Everything is late, much is lost, some comes twice, and what is late overtakes. */
export const storm: Fault = ({ cluster, chance }) =>
  cluster.links.beginStorm({
    meanDelayMs: chance.between(10, 100),
    loss: chance.between(0, 0.3),
    repetition: chance.between(0, 0.3),
    isOrdered: false,
  })
