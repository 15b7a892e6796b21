/** A figure that a member publishes. */

import type { MemberProcess } from '@holdfast/testkit'

/** @param name with its labels, if it has any. NaN if there is none. */
export async function metric({ clientUrl }: MemberProcess, name: string): Promise<number> {
  const text = await (await fetch(`${clientUrl}/metrics`)).text()
  const line = text.split('\n').find((one) => one.startsWith(`${name} `))
  return Number(line?.slice(name.length))
}
