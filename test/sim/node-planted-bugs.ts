/**
 * Bugs that others have had, or could have, above the core of Raft: in what drives it, applies it,
 * serves it and uses it. Each is a change of the source of a member or of the SDK. A simulation that
 * does not find them would not find one of ours either. The core's own are in `planted-bugs.ts`;
 * some stand here too, since whole members must show them as well.
 */

import { BUGS_OF_CLIENTS } from './node-bugs-of-clients.js'
import { BUGS_OF_MEMBERS } from './node-bugs-of-members.js'
import { BUGS_OF_WATCHES_AND_LEASES } from './node-bugs-of-watches-and-leases.js'
import type { NodeBug } from './node-build.js'

export const NODE_PLANTED_BUGS: readonly NodeBug[] = [
  ...BUGS_OF_MEMBERS,
  ...BUGS_OF_WATCHES_AND_LEASES,
  ...BUGS_OF_CLIENTS,
]
