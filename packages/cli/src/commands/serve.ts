/**
 * `holdfast serve`: one member of a coordinator, in this process, until it is told to stop.
 *
 * SIGINT and SIGTERM close it in order; a second one ends the process at once. A member that can no
 * longer trust its state has stopped serving by itself, and the process ends with status 70.
 */

import {
  CoordinatorOptionsError,
  MemberRemovedError,
  MisplacedMemberError,
  startCoordinator,
  type Coordinator,
} from '@holdfast/coordinator'
import type { Command } from 'commander'
import { teach, type CommandHost, type Surroundings } from '../command-host.js'
import { exitCode, exitCodeOfSignal } from '../exit-code.js'
import { oneLine, StartError } from '../failure.js'
import type { Io, StopSignal } from '../io.js'
import type { Output } from '../output.js'
import { resolveServeSettings, serveOptions, type ServeSettings } from '../serve-options.js'
import { UsageError } from '../usage-error.js'

export function addServe(program: Command, host: CommandHost): void {
  const command = program.command('serve')
  teach(command, {
    summary: 'run one member of a coordinator',
    explanation:
      'Runs one member of a coordinator until SIGINT or SIGTERM. Alone it is a cluster of one that ' +
      'keeps its data below the current directory; give every member of a larger cluster the same ' +
      '--initial-cluster and --cluster-token. Its API is the JSON API of etcd v3. A setting comes ' +
      'from its flag, else from the environment, else from the file of --config, else from its ' +
      'default.',
    examples: [
      'holdfast serve',
      'holdfast serve --data-dir /tmp/holdfast --client-url http://127.0.0.1:23790',
      'holdfast serve --name m1 --client-url http://127.0.0.1:2379 --initial-cluster ' +
        'm1=http://127.0.0.1:2380,m2=http://127.0.0.1:22380,m3=http://127.0.0.1:32380',
    ],
  })
  for (const option of serveOptions) command.addOption(option)
  command.action((flags: Record<string, unknown>) =>
    host.run(command, (surroundings) => serve(flags, surroundings)),
  )
}

async function serve(
  flags: Readonly<Record<string, unknown>>,
  { io, output, global }: Surroundings,
): Promise<number> {
  if (global.endpoints !== undefined) throw new UsageError('serve has no use for --endpoints')
  const settings = resolveServeSettings({ flags, env: io.env })
  const stop = listenForStop(io)
  try {
    const served = serveUntil(stop.first, settings, output)
    // A second signal does not wait: the process ends with whatever is still open.
    return await Promise.race([served, stop.second.then(exitCodeOfSignal)])
  } finally {
    stop.end()
  }
}

async function serveUntil(
  stopped: Promise<StopSignal>,
  settings: ServeSettings,
  output: Output,
): Promise<number> {
  const fatal = deferred<Error>()
  const coordinator = await start(settings, fatal.resolve)
  output.result(announcement(settings, coordinator))
  const end = await Promise.race([fatal.promise, stopped])
  if (typeof end === 'string') {
    await coordinator.close()
    return exitCode.ok
  }
  const code = refusalOf(end)
  if (code !== undefined) {
    output.failure({ exit: exitCode.failed, code, message: end.message })
    return exitCode.failed
  }
  const message = `${settings.name ?? 'default'} can no longer be trusted: ${oneLine(end.message)}`
  output.failure({ exit: exitCode.internal, code: 'fatal', message })
  return exitCode.internal
}

/** The others will not have this member, which is no defect of it. */
function refusalOf(error: unknown): string | undefined {
  if (error instanceof MemberRemovedError) return 'memberRemoved'
  return error instanceof MisplacedMemberError ? 'misplacedMember' : undefined
}

async function start(
  settings: ServeSettings,
  onFatal: (error: Error) => void,
): Promise<Coordinator> {
  try {
    return await startCoordinator({ ...settings, onFatal })
  } catch (error) {
    throw asStartError(error, settings)
  }
}

/** What the system or the data directory refuses is no defect of the program. */
function asStartError(error: unknown, settings: ServeSettings): unknown {
  if (error instanceof CoordinatorOptionsError || !(error instanceof Error)) return error
  const refusal = refusalOf(error)
  if (refusal !== undefined) return new StartError(refusal, error.message, { cause: error })
  if (!('code' in error) || typeof error.code !== 'string') return error
  const message =
    error.code === 'EADDRINUSE' ? addressInUse(error, settings) : `cannot start: ${error.message}`
  return new StartError(error.code, message, { cause: error })
}

function addressInUse(error: Error, settings: ServeSettings): string {
  const port = 'port' in error ? String(error.port) : '?'
  const peerUrl = settings.peerUrl ?? settings.initialCluster?.[settings.name ?? 'default']
  const peer = peerUrl !== undefined && new URL(peerUrl).port === port
  const flag = peer ? '--peer-url' : '--client-url'
  return `port ${port} is in use by another process: choose another for ${flag}, or stop that process`
}

function announcement(
  { name = 'default', peerUrl, initialCluster = {} }: ServeSettings,
  { clientUrl, clusterId, memberId }: Coordinator,
): Parameters<Output['result']>[0] {
  // A cluster of one has nobody to listen to.
  const peers =
    Object.keys(initialCluster).length > 1 ? (peerUrl ?? initialCluster[name]) : undefined
  return {
    json: () => ({ event: 'serving', name, clientUrl, peerUrl: peers, clusterId, memberId }),
    text: () =>
      `holdfast: ${name} serves clients at ${clientUrl}` +
      (peers === undefined ? '' : `, peers at ${peers}`),
  }
}

interface Stop {
  readonly first: Promise<StopSignal>
  readonly second: Promise<StopSignal>
  end(): void
}

function listenForStop(io: Io): Stop {
  const [first, second] = [deferred<StopSignal>(), deferred<StopSignal>()]
  let count = 0
  const end = io.onSignal(['SIGINT', 'SIGTERM'], (signal) => {
    count += 1
    if (count === 1) first.resolve(signal)
    else second.resolve(signal)
  })
  return { first: first.promise, second: second.promise, end }
}

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined
  const promise = new Promise<T>((settle) => (resolve = settle))
  return { promise, resolve }
}
