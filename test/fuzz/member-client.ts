/** Asks a member what it stores, and puts it in order, over one connection. */

import { Agent, request } from 'node:http'
import type { Address } from './address.js'
import { KEPT_LEASE, LONG_TTL } from './valid-requests.js'

type Json = Readonly<Record<string, unknown>>

const PATIENCE_MS = 20_000

export class MemberClient {
  readonly #address: Address
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 })

  constructor(address: Address) {
    this.#address = address
  }

  /** @throws when it is not answered, or not with 200 */
  async post(path: string, body: Json = {}): Promise<Json> {
    return JSON.parse(await this.#ask('POST', `/v3${path}`, JSON.stringify(body))) as Json
  }

  async isHealthy(): Promise<boolean> {
    try {
      const health = JSON.parse(await this.#ask('GET', '/health', '')) as Json
      return health['health'] === 'true'
    } catch {
      return false
    }
  }

  /** Keys with all that is left of their history, leases, alarms, members. */
  async state(): Promise<string> {
    const [hash, keys, alarms, members] = await Promise.all([
      this.post('/maintenance/hash'),
      this.post('/maintenance/hashkv'),
      this.post('/maintenance/alarm'),
      this.post('/cluster/member/list'),
    ])
    const revision = (hash['header'] as Json | undefined)?.['revision']
    return JSON.stringify({
      ...{ revision, hash: hash['hash'], compactRevision: keys['compact_revision'] },
      ...{ alarms: alarms['alarms'], members: members['members'] },
    })
  }

  async tidy(isWhole: boolean): Promise<void> {
    const [{ alarms = [] }, { leases = [] }] = await Promise.all([
      this.post('/maintenance/alarm'),
      this.post('/lease/leases'),
    ])
    const ids = (leases as readonly Json[]).map((lease) => String(lease['ID']))
    const disarmed = (alarms as readonly Json[]).map((alarm) => {
      return this.post('/maintenance/alarm', { ...alarm, action: 'DEACTIVATE' })
    })
    await Promise.all(disarmed)
    const others = ids.filter((id) => id !== KEPT_LEASE)
    await Promise.all(others.map((id) => this.#revoke(id)))
    if (!ids.includes(KEPT_LEASE)) {
      await this.post('/lease/grant', { ID: KEPT_LEASE, TTL: LONG_TTL })
    }
    if (isWhole) await this.#empty()
  }

  close(): void {
    this.#agent.destroy()
  }

  /** All but two keys, and all history but the last of it. */
  async #empty(): Promise<void> {
    await this.post('/kv/deleterange', { key: 'AA==', range_end: 'AA==' })
    for (const key of ['YQ==', 'Yg==']) await this.post('/kv/put', { key, lease: KEPT_LEASE })
    const { header } = await this.post('/kv/range', { key: 'YQ==' })
    await this.post('/kv/compaction', { revision: (header as Json)['revision'] })
  }

  /** A short one may have ended since it was listed. */
  async #revoke(id: string): Promise<void> {
    await this.post('/lease/revoke', { ID: id }).catch((error: unknown) => {
      if (!String(error).includes('requested lease not found')) throw error
    })
  }

  #ask(method: string, path: string, body: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const timeout = AbortSignal.timeout(PATIENCE_MS)
      const options = { ...this.#address, method, path, agent: this.#agent, signal: timeout }
      const asked = request(options, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          if (response.statusCode === 200) resolve(text)
          else reject(new Error(`${path}: ${response.statusCode} ${text.slice(0, 300)}`))
        })
      })
      asked.on('error', reject)
      asked.end(body)
    })
  }
}
