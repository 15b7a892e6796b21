/** `holdfast alarm`: why the cluster does not take what it is sent. */

import type { Alarm, Holdfast } from '@holdfast/client'
import type { Command } from 'commander'
import { withClient } from '../client.js'
import { teach, type CommandHost } from '../command-host.js'
import { exitCode } from '../exit-code.js'
import { table } from '../output.js'

export function addAlarm(program: Command, host: CommandHost): void {
  const alarm = program.command('alarm')
  teach(alarm, {
    summary: 'print and take back alarms',
    explanation:
      'A store that would grow beyond its quota raises the alarm noSpace, by which the whole cluster ' +
      'refuses what makes it grow, and goes on reading and deleting. Delete, compact, defrag, or raise ' +
      'the quota; then take the alarm back. An alarm corrupt is raised by operators, and refuses every ' +
      'write.',
    examples: ['holdfast alarm list', 'holdfast alarm disarm'],
  })
  addAction(alarm, host, {
    name: 'list',
    description: 'Prints the alarms that are raised.',
    ask: (cluster) => cluster.alarms(),
  })
  addAction(alarm, host, {
    name: 'disarm',
    description: 'Takes all alarms back, and prints them.',
    ask: (cluster) => cluster.disarm(),
  })
}

interface Action {
  readonly name: string
  readonly description: string
  readonly ask: (cluster: Holdfast['cluster']) => Promise<readonly Alarm[]>
}

function addAction(alarm: Command, host: CommandHost, { name, description, ask }: Action): void {
  const command = alarm.command(name).description(description)
  command.action(() =>
    host.run(command, async (surroundings) => {
      const alarms = await withClient(surroundings, ({ cluster }) => ask(cluster))
      const rows = alarms.map(({ memberId, type }) => [memberId, type])
      surroundings.output.result({
        json: () => ({ alarms }),
        text: () => table(['MEMBER', 'ALARM'], rows),
      })
      return exitCode.ok
    }),
  )
}
