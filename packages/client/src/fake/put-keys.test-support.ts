/** Puts keys into a store directly, all in one revision. */

import { utf8Encode } from '@holdfast/protocol'
import type { FakeStore } from './fake-store.test-support.js'

export function putKeys(store: FakeStore, ...keys: readonly string[]): void {
  store.txn({
    compare: [],
    success: keys.map((key) => ({
      requestPut: {
        key: utf8Encode(key),
        value: utf8Encode(''),
        lease: '0',
        prevKv: false,
        ignoreValue: false,
        ignoreLease: false,
      },
      requestRange: undefined,
      requestDeleteRange: undefined,
      requestTxn: undefined,
    })),
    failure: [],
  })
}
