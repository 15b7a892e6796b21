/**
 * The main job, live: three coordinators as processes, and client processes that lock, lead and
 * queue on them while members and clients are killed with -9. Ends with the checks that it made.
 */

import { serveCommand, startProcessCluster } from '@holdfast/testkit'
import { Checks } from './checks.js'
import { electionAct } from './election-act.js'
import { lockAct } from './lock-act.js'
import { say, title } from './print.js'
import { queueAct } from './queue-act.js'

title('Three coordinators, each a process with a data directory of its own')
const timing = ['--heartbeat-interval-ms', '100', '--election-timeout-ms', '500']
const memberCommand = serveCommand(import.meta.url, timing)
const cluster = await startProcessCluster({ memberCommand })
const checks = new Checks()
try {
  const leader = await cluster.leader()
  for (const member of cluster.members) {
    say(
      member.name,
      `${member.clientUrl}  pid ${member.pid ?? 0}${member === leader ? '  leads' : ''}`,
    )
  }
  await lockAct(cluster, checks)
  await electionAct(cluster, checks)
  await queueAct(cluster, checks)
} finally {
  await cluster.close()
}
title('What was checked')
checks.print()
process.exitCode = checks.passed ? 0 : 1
