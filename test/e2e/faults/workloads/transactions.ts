/**
 * Transactions over several keys (Jepsen: wr, bank; etcd §8.20): each reads all accounts, and moves an
 * amount between two of them if neither has changed meanwhile. Whatever happens, the sum stays the same,
 * and every read of all of them is of one moment.
 */

import { setTimeout as delay } from 'node:timers/promises'
import type { KvInput, KvOutput, KeyValue, Outcome } from '@holdfast/testkit'
import { nowMs } from '../recorder.js'
import { RecordingKv } from '../recording-kv.js'
import { isEnding, type Workload, type WorkloadContext } from '../workload.js'

const ACCOUNTS = 4
const EPOCH_MS = 1_500
const CLIENTS = 3
const TIMEOUT_MS = 1_500
const MEAN_PAUSE_MS = 25

export const transactions: Workload = {
  name: 'transactions',
  run: async (context) => {
    const clients = Array.from({ length: CLIENTS }, (_, index) => {
      const name = `teller${index}`
      const kv = new RecordingKv({
        ...{ holdfast: context.connect(index), name, timeoutMs: TIMEOUT_MS },
        recorder: context.recorder,
      })
      return runTeller(context, kv, context.random(name))
    })
    await Promise.all(clients)
  },
}

async function runTeller(
  context: WorkloadContext,
  kv: RecordingKv,
  random: () => number,
): Promise<void> {
  while (!isEnding(context)) {
    const bank = `bank/${Math.floor((nowMs() - context.startMs) / EPOCH_MS)}/`
    const accounts = accountsIn(await kv.run(readAll(bank)))
    if (accounts.length === 0) await kv.run(open(bank, kv))
    else await kv.run(transfer(accounts, kv, random))
    await delay(2 * MEAN_PAUSE_MS * random())
  }
}

function readAll(bank: string): KvInput {
  return { type: 'range', key: bank, rangeEnd: `${bank.slice(0, -1)}0` }
}

function accountsIn(outcome: Outcome<KvOutput>): readonly KeyValue[] {
  if (outcome.type !== 'ok' || outcome.output.response.type !== 'range') return []
  return outcome.output.response.kvs
}

/** All of them or none, by whoever is first. */
function open(bank: string, kv: RecordingKv): KvInput {
  const keys = Array.from({ length: ACCOUNTS }, (_, index) => `${bank}${index}`)
  return {
    type: 'txn',
    compares: keys.map((key) => ({ key, target: 'create', result: 'equal', operand: 0 })),
    success: keys.map((key) => ({ type: 'put', key, value: `100 ${kv.uniqueValue()}` })),
    failure: [readAll(bank)],
  }
}

function transfer(accounts: readonly KeyValue[], kv: RecordingKv, random: () => number): KvInput {
  const from = Math.floor(random() * accounts.length)
  const to = (from + 1 + Math.floor(random() * (accounts.length - 1))) % accounts.length
  const both = [accounts[from], accounts[to]].filter((account) => account !== undefined)
  const amount = 1 + Math.floor(random() * 9)
  return {
    type: 'txn',
    compares: both.map(({ key, modRevision }) => ({
      ...{ key, target: 'mod', result: 'equal', operand: modRevision },
    })),
    success: both.map(({ key, value }, index) => {
      const balance = Number.parseInt(value, 10) + (index === 0 ? -amount : amount)
      return { type: 'put', key, value: `${balance} ${kv.uniqueValue()}` }
    }),
    failure: both.map(({ key }) => ({ type: 'range', key })),
  }
}
