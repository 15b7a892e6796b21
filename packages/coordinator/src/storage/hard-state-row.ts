/** Term and vote, as they are read at start. */

import { invariant, type HardState } from '@holdfast/raft'
import type { Connection } from './connection.js'
import { hardState } from './raft-schema.js'

export function loadHardState({ db }: Connection): HardState {
  const state = db.select().from(hardState).get()
  invariant(state !== undefined, 'the log has no hard state')
  return { term: state.term, votedFor: state.votedFor ?? undefined }
}
