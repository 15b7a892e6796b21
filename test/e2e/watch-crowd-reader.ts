/**
 * A process that has thousands of watches of one prefix at one member. Prints `ready` when all have been
 * created, and what all of them were told when each has been told everything; or what went wrong.
 * Ends when its standard input ends.
 *
 *   node watch-crowd-reader.js URL PREFIX WATCHES STREAMS EVENTS
 */

import { CrowdEvents, CrowdStream, type CrowdReport } from './watch-crowd-stream.js'

const [url = '', prefix = '', ...counts] = process.argv.slice(2)
const [watches = 0, streams = 1, events = 0] = counts.map(Number)

process.stdin.resume()
process.stdin.once('end', () => process.exit())

const told = new CrowdEvents()
const crowd = Array.from({ length: streams }, (_, index) => {
  const share = Math.floor(watches / streams) + (index < watches % streams ? 1 : 0)
  return new CrowdStream({ url, prefix, watches: share, events }, told)
})
for (const stream of crowd) stream.read()
try {
  await Promise.all(crowd.map(({ ready }) => ready))
  console.log('ready')
  await Promise.all(crowd.map(({ done }) => done))
  const messages = crowd.reduce((sum, stream) => sum + stream.messages, 0)
  const report: CrowdReport = { told: told.all, messages }
  console.log(JSON.stringify(report))
} catch (error) {
  console.log(JSON.stringify({ problem: String(error) }))
}
