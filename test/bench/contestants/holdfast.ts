/** Ours: three members of `holdfast serve`, as the command line starts them, with its defaults. */

import { serveCommand } from '@holdfast/testkit'
import { startThree, type Contestant } from './contestant.js'

export const holdfast: Contestant = {
  id: 'holdfast',
  name: 'Holdfast x3',
  hasMetrics: true,
  missing: () => undefined,
  start: () => startThree(serveCommand(import.meta.url)),
}
