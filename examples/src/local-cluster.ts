/**
 * Where an example finds its cluster: at the endpoints given on the command line, or else in this
 * very process, as a cluster of one that is thrown away at the end.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startCoordinator } from '@holdfast/coordinator'

export interface LocalCluster extends AsyncDisposable {
  readonly endpoints: readonly string[]
}

export async function localCluster(): Promise<LocalCluster> {
  const given = process.argv.slice(2)
  if (given.length > 0) return { endpoints: given, [Symbol.asyncDispose]: () => Promise.resolve() }
  const dataDirectory = mkdtempSync(join(tmpdir(), 'holdfast-example-'))
  const coordinator = await startCoordinator({ dataDirectory, clientUrl: 'http://127.0.0.1:0' })
  return {
    endpoints: [coordinator.clientUrl],
    [Symbol.asyncDispose]: async () => {
      await coordinator.close()
      rmSync(dataDirectory, { recursive: true, force: true })
    },
  }
}
