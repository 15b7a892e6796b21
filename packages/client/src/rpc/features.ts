/**
 * What a server can do beyond etcd, as `GET /version` announces it. Asked once for each endpoint and
 * remembered until that endpoint fails, since what answers there next may be something else.
 */

import { features, parseFirstJson, VersionResponse } from '@holdfast/protocol'
import { orAbort } from '../time/scope.js'
import { understood } from './route.js'

export interface ServerFeatures {
  /** Whether a write that carries an id is executed once, however often it is sent. */
  readonly requestIds: boolean
  /** The store's revision then; 0 on a plain etcd, which does not say. */
  readonly revision: number
}

const PLAIN_ETCD: ServerFeatures = { requestIds: false, revision: 0 }

export type FetchVersion = (endpoint: string) => Promise<{ status: number; body: string }>

export class Features {
  readonly #fetchVersion: FetchVersion
  readonly #known = new Map<string, Promise<ServerFeatures>>()

  constructor(fetchVersion: FetchVersion) {
    this.#fetchVersion = fetchVersion
  }

  async of(endpoint: string, signal: AbortSignal): Promise<ServerFeatures> {
    let asked = this.#known.get(endpoint)
    if (asked === undefined) {
      // Shared by all who wait for it, so that no one's signal may end it.
      asked = this.#ask(endpoint)
      this.#known.set(endpoint, asked)
      asked.catch(() => this.#known.delete(endpoint))
    }
    return orAbort(asked, signal)
  }

  forget(endpoint: string): void {
    this.#known.delete(endpoint)
  }

  async #ask(endpoint: string): Promise<ServerFeatures> {
    const { status, body } = await this.#fetchVersion(endpoint)
    if (status !== 200) return PLAIN_ETCD
    const { holdfast } = understood(endpoint, () => VersionResponse.decode(parseFirstJson(body)))
    if (holdfast === undefined) return PLAIN_ETCD
    return {
      requestIds: holdfast.features.includes(features.idempotencyKey),
      revision: holdfast.revision,
    }
  }
}
