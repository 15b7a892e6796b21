/** A client of these members that is closed when its test has finished. */

import { connect, type ConnectOptions, type Holdfast } from '@holdfast/client'
import type { MemberProcess } from '@holdfast/testkit'
import { onTestFinished } from 'vitest'

export function connectTo(
  members: readonly MemberProcess[],
  options?: Omit<ConnectOptions, 'endpoints'>,
): Holdfast {
  const holdfast = connect({ ...options, endpoints: members.map(({ clientUrl }) => clientUrl) })
  onTestFinished(() => holdfast.close())
  return holdfast
}
