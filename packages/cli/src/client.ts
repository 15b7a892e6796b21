/** The SDK's client for the time of one command. */

import { connect, HoldfastError, type ConnectOptions, type Holdfast } from '@holdfast/client'
import type { Surroundings } from './command-host.js'
import { UsageError } from './usage-error.js'

const DEFAULT_ENDPOINT = 'http://127.0.0.1:2379'
const DEFAULT_TIMEOUT_MS = 5_000

function endpointsOf({ global, io }: Pick<Surroundings, 'global' | 'io'>): string[] {
  const text = global.endpoints ?? (io.env['HOLDFAST_ENDPOINTS'] || DEFAULT_ENDPOINT)
  const endpoints = text.split(',').map((endpoint) => endpoint.trim())
  if (endpoints.includes('')) throw new UsageError(`the list of endpoints has a gap: "${text}"`)
  return endpoints
}

/** Releases what was held and closes the connections when the work is done, however it ends. */
export async function withClient<T>(
  surroundings: Pick<Surroundings, 'global' | 'io'>,
  work: (client: Holdfast) => Promise<T>,
  options: Pick<ConnectOptions, 'sessionTtlSeconds' | 'label'> = {},
): Promise<T> {
  const client = open(surroundings, options)
  try {
    return await work(client)
  } finally {
    await client.close()
  }
}

function open(
  surroundings: Pick<Surroundings, 'global' | 'io'>,
  options: Pick<ConnectOptions, 'sessionTtlSeconds' | 'label'>,
): Holdfast {
  const endpoints = endpointsOf(surroundings)
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = surroundings.global
  try {
    // With a second endpoint, half of the time is left for it.
    const attempts = endpoints.length > 1 ? 2 : 1
    const attemptTimeoutMs = timeoutMs / attempts
    return connect({ ...options, endpoints, requestTimeoutMs: timeoutMs, attemptTimeoutMs })
  } catch (error) {
    throw error instanceof HoldfastError ? new UsageError(error.message, { cause: error }) : error
  }
}
