/**
 * The whole store, exactly, with nobody else to write: a model for short histories which knows every
 * revision, and with which other checkers of the same histories can be compared.
 */

import type { Change } from './change-log.js'
import type { KvInput, KvOutput } from './kv-operation.js'
import type { Model } from './model.js'
import { ReferenceStore } from './reference-store.js'
import { isSameResponse } from './same-response.js'

export const closedWorld: Model<readonly Change[], KvInput, KvOutput> = {
  init: [],
  step(changes, input, output) {
    const store = new ReferenceStore()
    for (const change of changes) store.apply(change)
    const { response, events } = store.evaluate(input)
    const revision = store.revision + Number(events.length > 0)
    if (output !== undefined) {
      const isSo = output.revision === revision && isSameResponse(output.response, response)
      if (!isSo) return []
    }
    return [events.length > 0 ? [...changes, { revision, events }] : changes]
  },
  keyOf: (changes) => JSON.stringify(changes),
}
