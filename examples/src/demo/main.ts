/**
 * The main job, live: three coordinators as processes, and client processes that lock, lead and
 * queue on them while members and clients are killed with -9. Ends with the checks that it made; told
 * to end before, by SIGINT or SIGTERM, it leaves neither a process nor a file behind either.
 */

import { serveCommand, startProcessCluster, type ProcessCluster } from '@holdfast/testkit'
import { Checks } from './checks.js'
import { electionAct } from './election-act.js'
import { listenForEnd } from './end-signal.js'
import { lockAct } from './lock-act.js'
import { say, title } from './print.js'
import { queueAct } from './queue-act.js'
import type { Stage } from './stage.js'
import { Workers } from './workers.js'

const end = listenForEnd()
const checks = new Checks()

title('Three coordinators, each a process with a data directory of its own')
const timing = ['--heartbeat-interval-ms', '100', '--election-timeout-ms', '500']
const memberCommand = serveCommand(import.meta.url, timing)
const cluster = await startProcessCluster({ memberCommand }).catch(exitIfEnded)
const workers = new Workers(end.signal)
try {
  await untilEnd(play({ cluster, workers, checks, ending: end.signal }))
} catch (error) {
  if (!end.signal.aborted) throw error
} finally {
  await workers.killAll()
  await cluster.close()
}
if (end.exitCode !== undefined) process.exit(end.exitCode)
title('What was checked')
checks.print()
process.exitCode = checks.passed ? 0 : 1

async function play(stage: Stage): Promise<void> {
  await introduce(stage.cluster)
  await lockAct(stage)
  await electionAct(stage)
  await queueAct(stage)
}

async function introduce(cluster: ProcessCluster): Promise<void> {
  const leader = await cluster.leader()
  for (const member of cluster.members) {
    const leads = member === leader ? '  leads' : ''
    say(member.name, `${member.clientUrl}  pid ${member.pid ?? 0}${leads}`)
  }
}

/** The acts cannot be stopped in the middle; what they wait for is taken from them instead. */
function untilEnd(acts: Promise<void>): Promise<void> {
  const { signal } = end
  const ended = new Promise<void>((_, reject) => {
    const stop = (): void => reject(signal.reason as Error)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
  return Promise.race([acts, ended])
}

/** Members that got the signal too, as from a terminal, cannot become a cluster any more. */
function exitIfEnded(error: unknown): never {
  if (end.exitCode !== undefined) process.exit(end.exitCode)
  throw error
}
