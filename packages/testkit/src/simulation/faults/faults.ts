/** Every kind of fault, by its name. */

import { failingDisk, overtakenByCopy, slowDisk } from './disk-faults.js'
import type { Fault } from './fault.js'
import type { FaultKind } from './fault-kinds.js'
import { deposeWithEntries, electMute } from './log-faults.js'
import { bridge, cutClients, flapping, halves, isolate, oneWay, storm } from './network-faults.js'
import {
  crash,
  crashAtPoint,
  crashClient,
  pause,
  pauseClient,
  powerLoss,
  powerLossEverywhere,
  suspendClient,
} from './process-faults.js'
import { memberJoins, memberLeaves } from './membership-faults.js'
import { handOverDeaf, transfer } from './transfer-faults.js'

export const faults: Readonly<Record<FaultKind, Fault>> = {
  ...{ crash, powerLoss, powerLossEverywhere, crashAtPoint, pause, pauseClient, suspendClient },
  crashClient,
  ...{ isolate, halves, oneWay, bridge, flapping, cutClients, storm },
  ...{ deposeWithEntries, electMute },
  ...{ slowDisk, failingDisk, overtakenByCopy, transfer, handOverDeaf },
  ...{ memberJoins, memberLeaves },
}
