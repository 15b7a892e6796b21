/** A figure that a member publishes. */

import type { MemberProcess } from '@holdfast/testkit'

/** NaN if there is none of this name. */
export async function metric({ clientUrl }: MemberProcess, name: string): Promise<number> {
  const text = await (await fetch(`${clientUrl}/metrics`)).text()
  return Number(new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1])
}
