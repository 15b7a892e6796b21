/** `holdfast lease`: leases by their ids. Keys that are attached to a lease end with it. */

import { HoldfastError } from '@holdfast/client'
import type { Command } from 'commander'
import { setTimeout as delay } from 'node:timers/promises'
import { leaseId, positiveNumber } from '../arguments.js'
import { teach, type CommandHost, type Surroundings } from '../command-host.js'
import { askAny, integer, list, type Json } from '../etcd-api.js'
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
      const body = { TTL: String(ttl), ...(id !== undefined && { ID: id }) }
      const granted = await askAny(surroundings, { path: '/lease/grant', body })
      const result = { id: integer(granted['ID']), ttl: Number(integer(granted['TTL'])) }
      surroundings.output.result({ json: () => result, text: () => result.id })
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
        await askAny(surroundings, { path: '/lease/revoke', body: { ID: id } })
      } catch (error) {
        throw error instanceof HoldfastError && error.code === 'notFound' ? missing(id) : error
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
    host.run(command, (surroundings) =>
      once === true ? renewOnce(id, surroundings) : keepAlive(id, surroundings),
    ),
  )
}

async function renewOnce(id: string, surroundings: Surroundings): Promise<number> {
  await renew(id, surroundings)
  return exitCode.ok
}

async function keepAlive(id: string, surroundings: Surroundings): Promise<number> {
  using stop = listenForStop(surroundings.io)
  while (!stop.signal.aborted) {
    const ttl = await renew(id, surroundings)
    // The signal ends the pause, which is then no failure.
    await delay((ttl * 1_000) / RENEWALS, undefined, { signal: stop.signal }).catch(() => undefined)
  }
  return exitCode.ok
}

/** @returns the seconds that the lease lives from now on */
async function renew(id: string, surroundings: Surroundings): Promise<number> {
  const answer = await askAny(surroundings, { path: '/lease/keepalive', body: { ID: id } })
  const result = answer['result'] as Json | undefined
  const ttl = Number(integer(result?.['TTL']))
  if (ttl <= 0) throw missing(id)
  surroundings.output.result({
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
      const body = { ID: id, keys }
      const answer = await askAny(surroundings, { path: '/lease/timetolive', body })
      const ttl = Number(integer(answer['TTL']))
      if (ttl < 0) throw missing(id)
      const grantedTtl = Number(integer(answer['grantedTTL']))
      const attached = (Array.isArray(answer['keys']) ? answer['keys'] : []).map((key) =>
        Buffer.from(String(key), 'base64'),
      )
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
      const answer = await askAny(surroundings, { path: '/lease/leases', body: {} })
      const leases = list(answer['leases']).map((one) => integer(one['ID']))
      surroundings.output.result({ json: () => ({ leases }), text: () => leases.join('\n') })
      return exitCode.ok
    }),
  )
}

function missing(id: string): HoldfastError {
  return new HoldfastError('leaseNotFound', `there is no lease ${id}`, { outcome: 'not-applied' })
}
