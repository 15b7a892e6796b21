/** `holdfast lease`: leases by their ids. Keys that are attached to a lease end with it. */

import { HoldfastError, type Leases } from '@holdfast/client'
import type { Command } from 'commander'
import { setTimeout as delay } from 'node:timers/promises'
import { leaseId, positiveNumber } from '../arguments.js'
import { withClient } from '../client.js'
import { teach, type CommandHost, type Surroundings } from '../command-host.js'
import { exitCode } from '../exit-code.js'
import { jsonBytes, printable } from '../output.js'
import { listenForStop } from '../stop-signal.js'

/** Renewals in one TTL, as etcd's own client has it. */
const RENEWALS = 3

export function addLease(program: Command, host: CommandHost): void {
  const lease = program.command('lease')
  teach(lease, {
    summary: 'grant, renew, look at and revoke leases',
    explanation:
      'A lease ends when nobody has renewed it for its TTL, or by being revoked, and the keys that ' +
      'are attached to it end with it. Ids are decimal, as in the API; 0x marks a hexadecimal one, ' +
      'as etcdctl prints them.',
    examples: [
      'id=$(holdfast lease grant 60)',
      'holdfast put presence/me here --lease "$(holdfast lease grant 60)"',
      'holdfast lease list',
    ],
  })
  addGrant(lease, host)
  addRevoke(lease, host)
  addKeepAlive(lease, host)
  addTimeToLive(lease, host)
  addList(lease, host)
}

function addGrant(lease: Command, host: CommandHost): void {
  const command = lease
    .command('grant')
    .description('Grants a lease and prints its id, alone on a line.')
    .argument('<ttl>', 'seconds without renewal after which it ends', positiveNumber)
    .option('--id <id>', 'the id to give it (default: a free one)', leaseId)
  command.action((ttl: number, { id }: { readonly id?: string }) =>
    host.run(command, async (surroundings) => {
      const granted = await withLeases(surroundings, (leases) => leases.grant(ttl, { id }))
      surroundings.output.result({
        json: () => ({ id: granted.id, ttl: granted.ttlSeconds }),
        text: () => granted.id,
      })
      return exitCode.ok
    }),
  )
}

function addRevoke(lease: Command, host: CommandHost): void {
  const command = lease
    .command('revoke')
    .description('Ends a lease and deletes its keys. Exits with 3 if there is no such lease.')
    .argument('<id>', 'its id', leaseId)
  command.action((id: string) =>
    host.run(command, async (surroundings) => {
      try {
        await withLeases(surroundings, (leases) => leases.revoke(id))
      } catch (error) {
        throw error instanceof HoldfastError && error.code === 'leaseNotFound' ? missing(id) : error
      }
      surroundings.output.result({ json: () => ({ id }), text: () => `${id} revoked` })
      return exitCode.ok
    }),
  )
}

function addKeepAlive(lease: Command, host: CommandHost): void {
  const command = lease
    .command('keep-alive')
    .description(
      'Renews a lease three times in its TTL until SIGINT or SIGTERM, which leave the lease as it ' +
        'is. Exits with 3 when there is no such lease any more.',
    )
    .argument('<id>', 'its id', leaseId)
    .option('--once', 'renew it once')
  command.action((id: string, { once }: { readonly once?: boolean }) =>
    host.run(command, async (surroundings) => {
      await withLeases(surroundings, async (leases) => {
        await (once === true ? renew : keepAlive)(leases, id, surroundings)
      })
      return exitCode.ok
    }),
  )
}

async function keepAlive(leases: Leases, id: string, surroundings: Surroundings): Promise<void> {
  using stop = listenForStop(surroundings.io)
  while (!stop.signal.aborted) {
    const ttl = await renew(leases, id, surroundings)
    // The signal ends the pause, which is then no failure.
    await delay((ttl * 1_000) / RENEWALS, undefined, { signal: stop.signal }).catch(() => undefined)
  }
}

/** @returns the seconds that the lease lives from now on */
async function renew(leases: Leases, id: string, { output }: Surroundings): Promise<number> {
  const { ttlSeconds: ttl } = await leases.keepAliveOnce(id)
  output.result({
    json: () => ({ id, ttl }),
    text: () => `${id} renewed, ends in ${ttl} s unless renewed again`,
  })
  return ttl
}

function addTimeToLive(lease: Command, host: CommandHost): void {
  const command = lease
    .command('time-to-live')
    .description('Prints how long a lease still lives. Exits with 3 if there is no such lease.')
    .argument('<id>', 'its id', leaseId)
    .option('--keys', 'the keys that end with it, too')
  command.action((id: string, { keys = false }: { readonly keys?: boolean }) =>
    host.run(command, async (surroundings) => {
      const state = await withLeases(surroundings, (leases) => leases.timeToLive(id, { keys }))
      if (state === undefined) throw missing(id)
      const { ttlSeconds: ttl, grantedTtlSeconds: grantedTtl } = state
      const attached = state.keys.map(({ keyBytes }) => keyBytes)
      surroundings.output.result({
        json: () => ({ id, ttl, grantedTtl, ...(keys && { keys: attached.map(jsonBytes) }) }),
        text: () =>
          [`${id} ends in ${ttl} s, granted for ${grantedTtl} s`, ...attached.map(printable)].join(
            '\n',
          ),
      })
      return exitCode.ok
    }),
  )
}

function addList(lease: Command, host: CommandHost): void {
  const command = lease.command('list').description('Prints the ids of all leases.')
  command.action(() =>
    host.run(command, async (surroundings) => {
      const leases = await withLeases(surroundings, (client) => client.list())
      surroundings.output.result({ json: () => ({ leases }), text: () => leases.join('\n') })
      return exitCode.ok
    }),
  )
}

function withLeases<T>(
  surroundings: Surroundings,
  work: (leases: Leases) => Promise<T>,
): Promise<T> {
  return withClient(surroundings, (client) => work(client.leases))
}

function missing(id: string): HoldfastError {
  return new HoldfastError('leaseNotFound', `there is no lease ${id}`, { outcome: 'not-applied' })
}
