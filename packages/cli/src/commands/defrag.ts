/** `holdfast defrag`: gives what compactions have freed back to the file system. */

import type { Command } from 'commander'
import type { Cluster } from '@holdfast/client'
import { withClient } from '../client.js'
import { teach, type CommandHost, type Surroundings } from '../command-host.js'
import { exitCode } from '../exit-code.js'
import { describeFailure } from '../failure.js'

export function addDefrag(program: Command, host: CommandHost): void {
  const command = program.command('defrag')
  teach(command, {
    summary: 'give freed space back to the file system',
    explanation:
      'Every endpoint in turn gives the space back that compactions have freed in its store; without it, ' +
      'that is used again for what is written next. A member of ours goes on serving; an etcd answers ' +
      'nobody until it is done. A large store may need a larger --timeout-ms. An endpoint that fails does ' +
      'not keep the others from it; the exit code is that of the first that failed.',
    examples: ['holdfast defrag', 'holdfast --timeout-ms 60000 defrag'],
  }).action(() => host.run(command, defragAll))
}

async function defragAll(surroundings: Surroundings): Promise<number> {
  let exit: number = exitCode.ok
  await withClient(surroundings, async ({ cluster }) => {
    for (const endpoint of cluster.endpoints) {
      try {
        await defrag(surroundings, cluster, endpoint)
      } catch (error) {
        const failure = describeFailure(error)
        surroundings.output.failure({ ...failure, message: `${endpoint}: ${failure.message}` })
        if (exit === exitCode.ok) exit = failure.exit
      }
    }
  })
  return exit
}

async function defrag({ output }: Surroundings, cluster: Cluster, endpoint: string): Promise<void> {
  const before = await cluster.status(endpoint)
  await cluster.defragment(endpoint)
  const { dbSizeBytes } = await cluster.status(endpoint)
  const freedBytes = before.dbSizeBytes - dbSizeBytes
  output.result({
    json: () => ({ endpoint, dbSizeBytes, freedBytes }),
    text: () => `${endpoint} has ${dbSizeBytes} bytes, ${freedBytes} less than before`,
  })
}
