/** `holdfast member`: who belongs to the cluster. */

import type { Holdfast } from '@holdfast/client'
import type { Command } from 'commander'
import { memberId } from '../arguments.js'
import { withClient } from '../client.js'
import { teach, type CommandHost } from '../command-host.js'
import { exitCode } from '../exit-code.js'
import { table } from '../output.js'

export function addMember(program: Command, host: CommandHost): void {
  const member = program.command('member')
  teach(member, {
    summary: 'print and change who belongs to the cluster',
    explanation:
      'Members come and go one at a time. Add each as a learner, start it with ' +
      '--initial-cluster-state existing, and promote it when it has caught up. A change that would ' +
      'leave no majority of members that are up is refused. Ids are decimal; 0x marks a hexadecimal ' +
      'one, as etcdctl prints them.',
    examples: [
      'holdfast member list',
      'holdfast member add --learner http://10.0.0.4:2380',
      'holdfast member promote 9372538179322589801',
      'holdfast member remove 9372538179322589801',
    ],
  })
  const command = member.command('list').description('Prints all members. Nobody else is asked.')
  command.action(() =>
    host.run(command, async (surroundings) => {
      const members = await withClient(surroundings, ({ cluster }) =>
        cluster.members({ serializable: true }),
      )
      const rows = members.map(({ id, name, peerUrls, clientUrls, isLearner }) => [
        ...[id, name || '-', peerUrls.join(',') || '-', clientUrls.join(',') || '-'],
        isLearner ? 'learner' : 'voter',
      ])
      const head = ['ID', 'NAME', 'PEER URLS', 'CLIENT URLS', 'KIND']
      surroundings.output.result({ json: () => ({ members }), text: () => table(head, rows) })
      return exitCode.ok
    }),
  )
  addAdd(member, host)
  addChange(member, host, remove)
  addChange(member, host, promote)
  addUpdate(member, host)
}

function addAdd(member: Command, host: CommandHost): void {
  const command = member
    .command('add')
    .description('Adds a member, and prints its id. It is started afterwards.')
    .argument('<peer-url...>', 'where the others will reach it, such as http://10.0.0.4:2380')
    .option('--learner', 'it has no vote until it is promoted')
  command.action((peerUrls: readonly string[], { learner }: { learner?: true }) =>
    host.run(command, async (surroundings) => {
      const added = await withClient(surroundings, ({ cluster }) =>
        cluster.addMember(peerUrls, { learner: learner === true }),
      )
      const { id } = added
      const kind = learner === true ? 'learner' : 'voter'
      surroundings.output.result({ json: () => added, text: () => `${id} added as a ${kind}` })
      return exitCode.ok
    }),
  )
}

interface ChangeOfOne {
  readonly name: string
  readonly description: string
  readonly change: (cluster: Holdfast['cluster'], id: string) => Promise<void>
  /** What is said of the id afterwards. */
  readonly done: string
}

const remove: ChangeOfOne = {
  name: 'remove',
  description: 'Removes a member for good. It stops when it hears of it.',
  change: (cluster, id) => cluster.removeMember(id),
  done: 'removed',
}

const promote: ChangeOfOne = {
  name: 'promote',
  description: 'Makes a learner that has caught up a voter.',
  change: (cluster, id) => cluster.promoteMember(id),
  done: 'is a voter',
}

function addChange(member: Command, host: CommandHost, of: ChangeOfOne): void {
  const command = member
    .command(of.name)
    .description(of.description)
    .argument('<id>', 'as `holdfast member list` prints it', memberId)
  command.action((id: string) =>
    host.run(command, async (surroundings) => {
      await withClient(surroundings, ({ cluster }) => of.change(cluster, id))
      surroundings.output.result({ json: () => ({ id }), text: () => `${id} ${of.done}` })
      return exitCode.ok
    }),
  )
}

function addUpdate(member: Command, host: CommandHost): void {
  const command = member
    .command('update')
    .description('Tells the others where a member is reached from now on.')
    .argument('<id>', 'as `holdfast member list` prints it', memberId)
    .argument('<peer-url...>', 'such as http://10.0.0.4:2380')
  command.action((id: string, peerUrls: readonly string[]) =>
    host.run(command, async (surroundings) => {
      await withClient(surroundings, ({ cluster }) => cluster.updateMember(id, peerUrls))
      surroundings.output.result({
        json: () => ({ id, peerUrls }),
        text: () => `${id} is at ${peerUrls.join(', ')}`,
      })
      return exitCode.ok
    }),
  )
}
