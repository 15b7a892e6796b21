/** `holdfast snapshot`: copies of the store for when everything else is lost. */

import { readSnapshotStatus, restoreSnapshot, SnapshotFileError } from '@holdfast/coordinator'
import type { Command } from 'commander'
import { positiveNumber } from '../arguments.js'
import { withClient } from '../client.js'
import { teach, type CommandHost } from '../command-host.js'
import { exitCode } from '../exit-code.js'
import { StartError } from '../failure.js'
import { table } from '../output.js'
import { optionsFor, resolveServeSettings } from '../serve-options.js'
import { writeSnapshot } from '../snapshot-writer.js'
import { UsageError } from '../usage-error.js'

export function addSnapshot(program: Command, host: CommandHost): void {
  const snapshot = program.command('snapshot')
  teach(snapshot, {
    summary: 'save the store to a file, look into it, and begin a new cluster with it',
    explanation:
      'A snapshot holds what one member had applied when it was asked for. It is not needed as long ' +
      'as a majority of the members has its data; when that is lost, each member of a new cluster is ' +
      'restored from the same file, with the same --initial-cluster, and then started as usual. The ' +
      'new cluster has other ids than the old one, and its revisions begin far above those of the ' +
      'snapshot: no revision, and no fencing token, that the old one has given is given again. Of a ' +
      'cluster that was restored before, a snapshot knows nothing: the next time, give a larger ' +
      '--bump-revision, or revisions and fencing tokens of that one come again. Of an etcd a snapshot ' +
      'can be saved; etcdutl is what looks into it and restores it.',
    examples: [
      'holdfast snapshot save state.snapshot',
      'holdfast snapshot status state.snapshot',
      'holdfast snapshot restore state.snapshot --data-dir ./restored',
    ],
  })
  addSave(snapshot, host)
  addStatus(snapshot, host)
  addRestore(snapshot, host)
}

function addSave(snapshot: Command, host: CommandHost): void {
  const command = snapshot
    .command('save')
    .description('Writes a snapshot of the first endpoint to a new file, or over an old one.')
    .argument('<file>')
  command.action((file: string) =>
    host.run(command, async (surroundings) => {
      const saved = await withClient(surroundings, ({ cluster }) => {
        const [endpoint] = cluster.endpoints
        return asSystemError(() => writeSnapshot(cluster.snapshot(endpoint), file))
      })
      surroundings.output.result({
        json: () => ({ file, ...saved }),
        text: () => `${file} holds the snapshot, ${saved.bytes} bytes`,
      })
      return exitCode.ok
    }),
  )
}

function addStatus(snapshot: Command, host: CommandHost): void {
  const command = snapshot
    .command('status')
    .description('Prints what is in a snapshot. Nobody is asked.')
    .argument('<file>')
  command.action((file: string) =>
    host.run(command, async ({ output }) => {
      const status = await asSystemError(() => readSnapshotStatus(file))
      const { revision, keys, leases, sizeBytes, clusterId, sha256 } = status
      const row = [revision, keys, leases, sizeBytes, clusterId, sha256].map(String)
      const head = ['REVISION', 'KEYS', 'LEASES', 'BYTES', 'CLUSTER', 'SHA-256']
      output.result({ json: () => ({ file, ...status }), text: () => table(head, [row]) })
      return exitCode.ok
    }),
  )
}

function addRestore(snapshot: Command, host: CommandHost): void {
  const command = snapshot
    .command('restore')
    .description('Makes the data directory of one member of a new cluster.')
    .argument('<file>')
    .option(
      '--bump-revision <n>',
      'how far above the snapshot the revisions begin; the same on every member. When the cluster that ' +
        'is replaced was restored itself: so far that they begin above its own, which 2000000000 does ' +
        'the second time that a file is restored (default: 1000000000)',
      positiveNumber,
    )
  const named = ['name', 'dataDirectory', 'peerUrl', 'initialCluster', 'clusterToken'] as const
  for (const option of optionsFor(named)) command.addOption(option)
  command.action((file: string, flags: Record<string, unknown>) =>
    host.run(command, async ({ io, output, global }) => {
      if (global.endpoints !== undefined) throw new UsageError('restore has no use for --endpoints')
      const settings = resolveServeSettings({ flags, env: io.env })
      const { bumpRevision } = flags as { bumpRevision?: number }
      const of = Object.fromEntries(named.map((name) => [name, settings[name]]))
      const restored = await asSystemError(() =>
        restoreSnapshot({
          ...{ ...of, file, dataDirectory: settings.dataDirectory },
          ...(bumpRevision !== undefined && { bumpRevision }),
        }),
      )
      const { clusterId, memberId, revision } = restored
      output.result({
        json: () => ({ dataDirectory: settings.dataDirectory, ...restored }),
        text: () =>
          `${settings.dataDirectory} holds member ${memberId} of the new cluster ${clusterId}, ` +
          `at revision ${revision}`,
      })
      return exitCode.ok
    }),
  )
}

/** What the file or the system has against it is no defect of the program. */
async function asSystemError<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof SnapshotFileError) {
      throw new StartError('badSnapshot', cause.message, { cause })
    }
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    const isOfSystem =
      cause instanceof Error && ('syscall' in cause || cause.name === 'StorageError')
    if (isOfSystem) throw new StartError(String(code), cause.message, { cause })
    throw cause
  }
}
