/** `holdfast defrag`: gives what compactions have freed back to the file system. */

import type { Command } from 'commander'
import { withClient } from '../client.js'
import { teach, type CommandHost } from '../command-host.js'
import { exitCode } from '../exit-code.js'

export function addDefrag(program: Command, host: CommandHost): void {
  const command = program.command('defrag')
  teach(command, {
    summary: 'give freed space back to the file system',
    explanation:
      'Every endpoint in turn gives the space back that compactions have freed in its store; without it, ' +
      'that is used again for what is written next. A member of ours goes on serving; an etcd answers ' +
      'nobody until it is done. A large store may need a larger --timeout-ms.',
    examples: ['holdfast defrag', 'holdfast --timeout-ms 60000 defrag'],
  }).action(() =>
    host.run(command, async (surroundings) => {
      await withClient(surroundings, async ({ cluster }) => {
        for (const endpoint of cluster.endpoints) {
          const before = await cluster.status(endpoint)
          await cluster.defragment(endpoint)
          const { dbSizeBytes } = await cluster.status(endpoint)
          const freedBytes = before.dbSizeBytes - dbSizeBytes
          surroundings.output.result({
            json: () => ({ endpoint, dbSizeBytes, freedBytes }),
            text: () => `${endpoint} has ${dbSizeBytes} bytes, ${freedBytes} less than before`,
          })
        }
      })
      return exitCode.ok
    }),
  )
}
