/**
 * Leases with keys on them (catalogue 71 to 73): granted, renewed for a while, then revoked or left to
 * expire, and looked at until they are gone. A lease lives for at least its TTL from the last renewal
 * that was answered, whoever leads.
 */

import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError, type Holdfast, type Lease } from '@holdfast/client'
import type { LeaseRecord, RenewalRecord } from '@holdfast/testkit'
import { nowMs } from '../recorder.js'
import { RecordingKv } from '../recording-kv.js'
import { isEnding, type Workload, type WorkloadContext } from '../workload.js'

const CLIENTS = 3
const TTL_SECONDS = 2
const TIMEOUT_MS = 1_500
const MAX_RENEWALS = 4
const REVOKED = 0.3
const LOOK_EVERY_MS = 100

export const leasedKeys: Workload = {
  name: 'leases',
  run: async (context) => {
    const clients = Array.from({ length: CLIENTS }, (_, index) =>
      new LeaseClient(context, context.connect(index), `lessee${index}`).run(),
    )
    await Promise.all(clients)
  },
}

class LeaseClient {
  readonly #context: WorkloadContext
  readonly #holdfast: Holdfast
  readonly #name: string
  readonly #random: () => number
  readonly #kv: RecordingKv

  constructor(context: WorkloadContext, holdfast: Holdfast, name: string) {
    this.#context = context
    this.#holdfast = holdfast
    this.#name = name
    this.#random = context.random(name)
    const { recorder } = context
    this.#kv = new RecordingKv({ holdfast, recorder, name, timeoutMs: TIMEOUT_MS })
  }

  async run(): Promise<void> {
    while (!isEnding(this.#context)) {
      const id = String(randomInt(1, 2 ** 47))
      const isGranted = await this.#renew('leaseGrant', id, () =>
        this.#holdfast.leases.grant(TTL_SECONDS, { id, timeoutMs: TIMEOUT_MS }),
      )
      if (isGranted) await this.#live(id)
      else await delay(LOOK_EVERY_MS)
    }
  }

  async #live(id: string): Promise<void> {
    const prefix = `lease/${id}/`
    const puts = ['a', 'b'].map((key) => prefix + key)
    let isPut = false
    for (const key of puts) {
      const { type } = await this.#kv.run({
        type: 'put',
        key,
        value: this.#kv.uniqueValue(),
        lease: id,
      })
      isPut ||= type === 'ok'
    }
    for (let left = Math.floor(this.#random() * (MAX_RENEWALS + 1)); left > 0; left -= 1) {
      await delay((TTL_SECONDS * 1_000) / 4)
      const renewed = await this.#renew('leaseKeepAlive', id, () =>
        this.#holdfast.leases.keepAliveOnce(id, { timeoutMs: TIMEOUT_MS }),
      )
      if (!renewed) break
    }
    if (this.#random() < REVOKED) await this.#revoke(id)
    if (isPut) await this.#untilGone(id, prefix)
  }

  /** A lease that is not there is an answer, too. */
  async #renew(
    kind: RenewalRecord['kind'],
    id: string,
    ask: () => Promise<Lease>,
  ): Promise<boolean> {
    const startMs = nowMs()
    const outcome = await this.#context.recorder.track(async () => {
      try {
        const { ttlSeconds } = await ask()
        return { ttlSeconds }
      } catch (error) {
        if (error instanceof HoldfastError && error.code === 'leaseNotFound')
          return { ttlSeconds: 0 }
        throw error
      }
    })
    this.#add({ kind, process: this.#name, startMs, endMs: nowMs(), input: { id }, outcome })
    return outcome.type === 'ok' && outcome.output.ttlSeconds > 0
  }

  async #revoke(id: string): Promise<void> {
    const startMs = nowMs()
    const outcome = await this.#context.recorder.track(async () => {
      await this.#holdfast.leases.revoke(id, { timeoutMs: TIMEOUT_MS })
      return {}
    })
    const asked = { kind: 'leaseRevoke', process: this.#name, startMs, endMs: nowMs() } as const
    this.#add({ ...asked, input: { id }, outcome })
  }

  /** By linearizable reads of its keys, which nobody else deletes. */
  async #untilGone(id: string, prefix: string): Promise<void> {
    while (!this.#context.givenUp.aborted) {
      const askedMs = nowMs()
      const rangeEnd = `${prefix.slice(0, -1)}0`
      const outcome = await this.#kv.run({ type: 'range', key: prefix, rangeEnd })
      if (outcome.type === 'ok' && outcome.output.response.type === 'range') {
        const isThere = outcome.output.response.count > 0
        const seenMs = isThere ? askedMs : nowMs()
        this.#add({ kind: 'leaseSighting', process: this.#name, id, isThere, seenMs })
        if (!isThere) return
      }
      await delay(LOOK_EVERY_MS)
    }
  }

  #add(record: LeaseRecord): void {
    this.#context.recorder.add(record)
  }
}
