/** What one member holds by itself, read without asking the others. */

import { setTimeout as delay } from 'node:timers/promises'

export interface MemberContent {
  readonly revision: number
  /** Keys and all that is kept of them, as JSON. */
  readonly keys: string
}

interface RangeAnswer {
  readonly header: { readonly revision: string }
  readonly kvs?: readonly unknown[]
}

export async function contentOf(clientUrl: string): Promise<MemberContent> {
  const response = await fetch(`${clientUrl}/v3/kv/range`, {
    method: 'POST',
    body: JSON.stringify({ key: 'AA==', range_end: 'AA==', serializable: true }),
  })
  const { header, kvs } = (await response.json()) as RangeAnswer
  return { revision: Number(header.revision), keys: JSON.stringify(kvs ?? []) }
}

/** Of members that have been told everything: they only need a moment to apply it. */
export async function settledContents(
  clientUrls: readonly string[],
): Promise<readonly MemberContent[]> {
  for (;;) {
    const contents = await Promise.all(clientUrls.map(contentOf))
    if (new Set(contents.map(({ revision }) => revision)).size === 1) return contents
    await delay(50)
  }
}
