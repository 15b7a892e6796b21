/** Networks that are slow, that damage what they carry, and whose connections break. */

import { setTimeout as delay } from 'node:timers/promises'
import { partitions, type FlowCounters, type Pair } from '@holdfast/testkit'
import { effect, type Nemesis, type Stage } from '../nemesis.js'

const RESET_EVERY_MS = 150
const DAMAGE_EVERY_MS = 200

/** Half an election timeout each way: every answer comes when the next heartbeat is long under way. */
export const slowNetwork: Nemesis = async (stage, { plan, member }) => {
  const { network, electionTimeoutMs } = stage
  const pairs = partitions.isolate(network.names, member.name)
  const before = sum(stage, pairs, 'delayedBytes')
  for (const pair of pairs) network.delay(pair, electionTimeoutMs / 2)
  await delay(plan.forMs)
  for (const pair of pairs) network.delay(pair, 0)
  const bytes = sum(stage, pairs, 'delayedBytes') - before
  return [effect(`${bytes} bytes of ${member.name} were late`, bytes > 0)]
}

/** A stream that brings something damaged must be closed, and what was in it not be believed. */
export const damage: Nemesis = async (stage, { plan, member }) => {
  const { network } = stage
  const pairs = partitions.isolate(network.names, member.name)
  const before = sum(stage, pairs, 'damagedChunks')
  await repeatedly(DAMAGE_EVERY_MS, plan.forMs, () => {
    for (const pair of pairs) network.damage(pair, 1)
  })
  for (const pair of pairs) network.damage(pair, 0)
  const chunks = sum(stage, pairs, 'damagedChunks') - before
  return [effect(`${chunks} chunks of ${member.name} were damaged`, chunks > 0)]
}

export const reset: Nemesis = async (stage, { plan, member }) => {
  const { network } = stage
  const pairs = partitions.isolate(network.names, member.name)
  const before = sum(stage, pairs, 'resetConnections')
  await repeatedly(RESET_EVERY_MS, plan.forMs, () => {
    for (const pair of pairs) network.reset(pair)
  })
  const connections = sum(stage, pairs, 'resetConnections') - before
  return [effect(`${connections} connections of ${member.name} were reset`, connections > 0)]
}

/** Clients' connections break wherever their requests and answers just are. */
export const cutClients: Nemesis = async ({ network, inFlight }, { plan }) => {
  const links = network.names.map((name) => network.clientLink(name))
  const resets = (): number =>
    links.reduce((total, link) => total + link.counters('forth').resetConnections, 0)
  const before = resets()
  let hit = 0
  await repeatedly(RESET_EVERY_MS, plan.forMs, () => {
    hit += inFlight()
    for (const link of links) link.reset()
  })
  const connections = resets() - before
  return [
    effect(`${connections} connections of clients were reset`, connections > 0),
    effect(`${hit} operations were under way at these moments`, hit > 0),
  ]
}

/** Requests arrive and take effect, and nobody is told (catalogue 24, 56). */
export const loseAnswers: Nemesis = async ({ network }, { plan }) => {
  const links = network.names.map((name) => network.clientLink(name))
  const held = (): number =>
    links.reduce((total, link) => total + link.counters('back').heldBytes, 0)
  const before = held()
  const endMs = performance.now() + plan.forMs
  while (performance.now() < endMs) {
    for (const link of links) link.block('back')
    await delay(RESET_EVERY_MS)
    // What is held is lost with its connection.
    for (const link of links) link.reset()
    for (const link of links) link.unblock('back')
    await delay(RESET_EVERY_MS)
  }
  const bytes = held() - before
  return [effect(`${bytes} bytes of answers were lost`, bytes > 0)]
}

async function repeatedly(everyMs: number, forMs: number, act: () => void): Promise<void> {
  const endMs = performance.now() + forMs
  while (performance.now() < endMs) {
    act()
    await delay(everyMs)
  }
}

function sum(stage: Stage, pairs: readonly Pair[], counter: keyof FlowCounters): number {
  return pairs.reduce((total, pair) => total + stage.network.counters(pair)[counter], 0)
}
