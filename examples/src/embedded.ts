/**
 * A coordinator inside of a program, and its client beside it: nothing else to install or to start.
 * Alone it is a cluster of one, which is there again with all its data after a restart.
 *
 *   node examples/dist/embedded.js [DATA-DIRECTORY]
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from '@holdfast/client'
import { startCoordinator } from '@holdfast/coordinator'

const [given] = process.argv.slice(2)
const dataDirectory = given ?? mkdtempSync(join(tmpdir(), 'holdfast-example-'))

const coordinator = await startCoordinator({ dataDirectory, clientUrl: 'http://127.0.0.1:0' })
const holdfast = connect({ endpoints: [coordinator.clientUrl] })

await holdfast.lock('nightly-report').run(({ fencingToken }) => {
  console.log(`${coordinator.clientUrl} granted token ${fencingToken}`)
})

await holdfast.close()
await coordinator.close()

if (given === undefined) rmSync(dataDirectory, { recursive: true })
