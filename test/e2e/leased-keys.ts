/** Some keys on one lease, and when and how they went, seen from outside over the plain wire. */

interface Line {
  readonly result: {
    readonly events?: readonly {
      readonly type?: string
      readonly kv: { readonly key: string; readonly mod_revision: string }
    }[]
  }
}

export interface Deletion {
  /** Since the grant or the last confirmed renewal was sent. */
  readonly afterMs: number
  /** The revisions of the delete events. */
  readonly revisions: ReadonlySet<string>
  readonly keys: readonly string[]
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')

export class LeasedKeys {
  readonly keys: readonly string[]
  readonly #endpoints: readonly string[]
  readonly #prefix: string
  readonly #leaseId: string
  readonly #firstRevision: number
  /** When the last renewal was *sent*: the lease may not go within its TTL from then. */
  #renewedAtMs: number

  private constructor(options: {
    readonly endpoints: readonly string[]
    readonly prefix: string
    readonly keys: readonly string[]
    readonly leaseId: string
    readonly firstRevision: number
    readonly grantedAtMs: number
  }) {
    this.keys = options.keys
    this.#endpoints = options.endpoints
    this.#prefix = options.prefix
    this.#leaseId = options.leaseId
    this.#firstRevision = options.firstRevision
    this.#renewedAtMs = options.grantedAtMs
  }

  static async create(
    endpoints: readonly string[],
    name: string,
    ttlSeconds: number,
  ): Promise<LeasedKeys> {
    const grantedAtMs = performance.now()
    const grant = await post(endpoints, '/v3/lease/grant', { TTL: ttlSeconds })
    const leaseId = String(grant['ID'])
    const prefix = `lease-test/${name}/`
    const keys = ['a', 'b', 'c'].map((suffix) => prefix + suffix)
    let firstRevision = 0
    for (const key of keys) {
      const put = await post(endpoints, '/v3/kv/put', { key: base64(key), lease: leaseId })
      firstRevision ||= Number((put['header'] as { revision: string }).revision)
    }
    return new LeasedKeys({ endpoints, prefix, keys, leaseId, firstRevision, grantedAtMs })
  }

  async renew(): Promise<void> {
    const sentAtMs = performance.now()
    const answer = await post(this.#endpoints, '/v3/lease/keepalive', { ID: this.#leaseId })
    const { TTL: ttl } = answer['result'] as { TTL?: string }
    if (ttl === undefined) throw new Error('the lease is gone')
    this.#renewedAtMs = sentAtMs
  }

  /** Waits for the deletion of the keys, by a watch from their creation on. */
  async deletion(): Promise<Deletion> {
    for (;;) {
      try {
        return await this.#watchDeletion()
      } catch {
        // The member that was watched is gone; the history is on the others as well.
      }
    }
  }

  async #watchDeletion(): Promise<Deletion> {
    const endpoint = await firstHealthy(this.#endpoints)
    const response = await fetch(`${endpoint}/v3/watch`, {
      method: 'POST',
      headers: { 'grpc-metadata-hasleader': 'true' },
      body: JSON.stringify({
        create_request: {
          key: base64(this.#prefix),
          range_end: base64(this.#prefix.slice(0, -1) + '0'),
          start_revision: this.#firstRevision,
        },
      }),
      signal: AbortSignal.timeout(15_000),
    })
    const deleted: { readonly key: string; readonly revision: string }[] = []
    for await (const line of linesOf(response)) {
      for (const { type, kv } of (JSON.parse(line) as Line).result.events ?? []) {
        if (type !== 'DELETE') continue
        deleted.push({ key: Buffer.from(kv.key, 'base64').toString(), revision: kv.mod_revision })
      }
      if (deleted.length === this.keys.length) break
    }
    return {
      afterMs: performance.now() - this.#renewedAtMs,
      revisions: new Set(deleted.map(({ revision }) => revision)),
      keys: deleted.map(({ key }) => key),
    }
  }
}

/** Asks one endpoint after the other; what is sent here may be sent twice. */
async function post(
  endpoints: readonly string[],
  path: string,
  body: unknown,
): Promise<Record<string, unknown>> {
  let failure: unknown
  for (const endpoint of endpoints) {
    try {
      const response = await fetch(endpoint + path, {
        method: 'POST',
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(8_000),
      })
      if (response.ok) return (await response.json()) as Record<string, unknown>
      failure = await response.text()
    } catch (error) {
      failure = error
    }
  }
  throw new Error(`no endpoint answered ${path}`, { cause: failure })
}

async function firstHealthy(endpoints: readonly string[]): Promise<string> {
  const answers = endpoints.map(async (endpoint) => {
    const response = await fetch(`${endpoint}/health`, { signal: AbortSignal.timeout(8_000) })
    if (!response.ok) throw new Error(`${endpoint} is not healthy`)
    return endpoint
  })
  return Promise.any(answers)
}

async function* linesOf(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true })
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n')) {
      yield text.slice(0, end)
      text = text.slice(end + 1)
    }
  }
  throw new Error('the watch ended')
}
