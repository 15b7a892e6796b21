/**
 * Members that join, first as learners, and members that leave, the leader among them; one change at a
 * time, in the middle of whatever else happens (thesis §4; catalogue 43–48).
 */

import { pickMember, type Fault, type FaultContext } from './fault.js'

const CHANGE_MS = 3_000
const PROMOTE_AGAIN_MS = 200
/** A cluster that shrinks to one could not lose anybody any more. */
const FEWEST = 3

type Change = Parameters<NonNullable<ReturnType<typeof serviceOf>>['change']>[0]

export const memberJoins: Fault = (context) => {
  const { cluster, chance } = context
  const id = `9${chance.text(4)}`
  let isOver = false
  const promote = (): void => {
    if (isOver) return
    change(context, { type: 'promote', id }, (isDone) => {
      if (!isDone) cluster.world.after(PROMOTE_AGAIN_MS, promote)
    })
  }
  const peerUrls = [`http://peer-${id}`]
  change(context, { type: 'add', id, peerUrls, isLearner: true }, () => {
    const membership = cluster.leader?.member?.node.membership
    // Whoever was told that it failed asks whether it is there all the same.
    if (membership?.learners.includes(id) !== true) return
    cluster.join(id, membership)
    promote()
  })
  return () => {
    isOver = true
  }
}

export const memberLeaves: Fault = (context) => {
  const { id } = pickMember(context)
  const voters = context.cluster.leader?.member?.node.membership.voters ?? []
  if (voters.length > FEWEST || !voters.includes(id)) {
    change(context, { type: 'remove', id }, () => undefined)
  }
  return () => undefined
}

/** Asked of the leader, as any member would. */
function change(context: FaultContext, asked: Change, settled: (isDone: boolean) => void): void {
  const service = serviceOf(context)
  if (service === undefined) return
  service.change(asked, CHANGE_MS).then(
    () => settled(true),
    () => settled(false),
  )
}

function serviceOf({ cluster }: FaultContext) {
  return cluster.leader?.member?.node.members
}
