/** A cluster for the SDK's suite to run on, and clients of it that end with each test. */

import {
  connect,
  FetchTransport,
  HoldfastError,
  type ConnectOptions,
  type Holdfast,
  type Transport,
} from '@holdfast/client'
import type { ProcessCluster } from '@holdfast/testkit'
import { afterEach } from 'vitest'

export interface SdkTarget {
  readonly name: string
  /** Whether it recognises a request that it has executed already. */
  readonly requestIds: boolean
  start(): Promise<ProcessCluster>
}

/** What each part of the suite works with. */
export interface SdkBench {
  readonly cluster: ProcessCluster
  /** A client of its own session, closed after the test. */
  client(options?: Partial<ConnectOptions>): Holdfast
  /** A name that no other test uses. */
  name(): string
}

let names = 0

export function createBench(cluster: () => ProcessCluster): SdkBench {
  const clients: Holdfast[] = []
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()))
  })
  return {
    get cluster() {
      return cluster()
    },
    client(options = {}) {
      const client = connect({ endpoints: cluster().endpoints, ...options })
      clients.push(client)
      return client
    },
    name: () => `test/${process.pid}-${names++}`,
  }
}

/** Revokes a lease behind the back of its owner. */
export async function revokeLease(cluster: ProcessCluster, id: string): Promise<void> {
  const body = JSON.stringify({ ID: id })
  const answers = await Promise.allSettled(
    cluster.endpoints.map((url) => fetch(`${url}/v3/lease/revoke`, { method: 'POST', body })),
  )
  if (!answers.some((answer) => answer.status === 'fulfilled')) throw new Error('nobody answered')
}

/** Loses the answers to writes, as many as it is told to. */
export class ForgetfulTransport extends FetchTransport {
  toLose = 0

  override async request(
    request: Parameters<Transport['request']>[0],
  ): ReturnType<Transport['request']> {
    const response = await super.request(request)
    if (request.path !== '/v3/kv/put' || this.toLose === 0) return response
    this.toLose--
    throw new HoldfastError('connectionFailed', 'the answer was lost', { retryable: true })
  }
}

/** A process that ends without a word: from `die()` on, nothing leaves it and nothing arrives. */
export class MortalTransport implements Transport {
  readonly #inner = new FetchTransport()
  readonly #death = new AbortController()

  die(): void {
    this.#death.abort(new Error('dead'))
  }

  request(request: Parameters<Transport['request']>[0]): ReturnType<Transport['request']> {
    return this.#inner.request({ ...request, signal: this.#mortal(request.signal) })
  }

  stream(request: Parameters<Transport['stream']>[0]): ReturnType<Transport['stream']> {
    return this.#inner.stream({ ...request, signal: this.#mortal(request.signal) })
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  #mortal(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, this.#death.signal])
  }
}
