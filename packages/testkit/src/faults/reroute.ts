/**
 * Loaded into a member process before its program (`node --import`): connections to some ports go to
 * others, as by a REDIRECT rule of a firewall, but without the privileges of one. The program is
 * untouched, and all members are given the same list of peers, as they must be.
 *
 * A member whose test process has died, even by kill -9, ends too.
 */

import { Socket } from 'node:net'
import { isMainThread } from 'node:worker_threads'

/** JSON: the port that is asked for → the port to use. */
const ports = JSON.parse(process.env['HOLDFAST_TEST_REROUTE'] ?? '{}') as Record<string, number>

/** What `connect` is given: options, alone or first in the array that Node passes within itself. */
type Connect = (this: Socket, ...args: unknown[]) => Socket

const prototype = Socket.prototype as unknown as { connect: Connect }

const { connect } = prototype

prototype.connect = function (...args) {
  const first = Array.isArray(args[0]) ? (args[0] as readonly unknown[])[0] : args[0]
  if (typeof first === 'object' && first !== null && 'port' in first) {
    const other = ports[String(first.port)]
    if (other !== undefined) first.port = other
  }
  return connect.apply(this, args)
}

if (isMainThread) {
  const parent = process.ppid
  const look = (): void => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL')
  }
  setInterval(look, 1_000).unref()
}
