/** `holdfast member`: who belongs to the cluster. */

import type { Command } from 'commander'
import { withClient } from '../client.js'
import { teach, type CommandHost } from '../command-host.js'
import { exitCode } from '../exit-code.js'
import { table } from '../output.js'

export function addMember(program: Command, host: CommandHost): void {
  const member = program.command('member')
  teach(member, {
    summary: 'print who belongs to the cluster',
    explanation: 'The members of the cluster, as it knows them; `status` asks each how it is.',
    examples: ['holdfast member list'],
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
}
