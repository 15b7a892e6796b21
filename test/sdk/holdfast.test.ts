import { serveCommand, startProcessCluster } from '@holdfast/testkit'
import { sdkSuite } from './sdk-suite.js'

sdkSuite({
  name: 'three coordinators of ours',
  requestIds: true,
  start: () => startProcessCluster({ memberCommand: serveCommand(import.meta.url) }),
})
