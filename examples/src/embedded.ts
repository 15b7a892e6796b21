/**
 * A coordinator inside of a program, and its client beside it: nothing else to install or to start.
 * Alone it is a cluster of one, which is there again with all its data after a restart.
 *
 *   node examples/dist/embedded.js [DATA-DIRECTORY]
 */

import { connect } from '@holdfast/client'
import { startCoordinator } from '@holdfast/coordinator'
import { localDirectory } from './local-directory.js'

using directory = localDirectory()

const coordinator = await startCoordinator({
  dataDirectory: directory.path,
  clientUrl: 'http://127.0.0.1:0', // port 0 takes a free one
})
const holdfast = connect({ endpoints: [coordinator.clientUrl] })

await holdfast.lock('nightly-report').run(({ fencingToken }) => {
  console.log(`${coordinator.clientUrl} granted token ${fencingToken}`)
})

await holdfast.close()
await coordinator.close()
