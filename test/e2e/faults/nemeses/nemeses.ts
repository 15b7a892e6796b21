/** Every kind of fault, and who makes it. */

import type { Nemesis } from '../nemesis.js'
import type { FaultKind } from '../schedule.js'
import { failFsync, fullDisk, slowDisk } from './disk-faults.js'
import { cutClients, damage, loseAnswers, reset, slowNetwork } from './network-faults.js'
import {
  bridge,
  deafen,
  deafenMessages,
  flap,
  isolate,
  minority,
  mute,
  muteMessages,
  ring,
} from './partition-faults.js'
import { kill, killAll, pauseHolder, pauseLong, pauseShort } from './process-faults.js'

export const nemeses: Readonly<Record<FaultKind, Nemesis>> = {
  ...{ kill, killAll, pauseShort, pauseLong, pauseHolder },
  ...{ isolate, minority, mute, deafen, muteMessages, deafenMessages, flap, bridge, ring },
  ...{ slowNetwork, damage, reset, cutClients, loseAnswers },
  ...{ slowDisk, failFsync, fullDisk },
}
