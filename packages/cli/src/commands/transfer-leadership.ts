/** `holdfast transfer-leadership`: has another member lead, without the pause of an election. */

import type { Command } from 'commander'
import { memberId } from '../arguments.js'
import { withClient } from '../client.js'
import { teach, type CommandHost } from '../command-host.js'
import { exitCode } from '../exit-code.js'

export function addTransferLeadership(program: Command, host: CommandHost): void {
  const command = program
    .command('transfer-leadership')
    .argument('<id>', 'of a voter, as `holdfast member list` prints it', memberId)
  teach(command, {
    summary: 'have another member lead',
    explanation:
      'Done before the leader is stopped, it spares everybody the pause of an election. The leader ' +
      'must be among the endpoints.',
    examples: ['holdfast transfer-leadership 9372538179322589801'],
  }).action((id: string) =>
    host.run(command, async (surroundings) => {
      await withClient(surroundings, ({ cluster }) => cluster.transferLeadership(id))
      surroundings.output.result({ json: () => ({ id }), text: () => `${id} leads` })
      return exitCode.ok
    }),
  )
}
