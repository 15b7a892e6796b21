/**
 * One listener on each signal, however many waits follow it. The signals of a session, of a client
 * that closes and of a user's shutdown are followed by everything that is under way, and Node 20 takes
 * the eleventh listener of a signal for a leak, and warns of it on the user's terminal.
 */

interface Followers {
  readonly actions: Set<() => void>
  readonly stopListening: () => void
}

/** Of each signal that is followed now. */
const followersOf = new WeakMap<AbortSignal, Followers>()

/**
 * Runs the action when the signal, which has not aborted yet, does. Returns what cancels it.
 *
 * @param action a function of its own for each call; it must not throw.
 */
export function onAbort(signal: AbortSignal, action: () => void): () => void {
  const followers = followersOf.get(signal) ?? listen(signal)
  const { actions } = followers
  actions.add(action)
  return () => {
    if (!actions.delete(action) || actions.size > 0) return
    followers.stopListening()
    followersOf.delete(signal)
  }
}

function listen(signal: AbortSignal): Followers {
  const actions = new Set<() => void>()
  const listener = (): void => {
    followersOf.delete(signal)
    for (const action of actions) action()
  }
  signal.addEventListener('abort', listener, { once: true })
  const followers = {
    actions,
    stopListening: () => signal.removeEventListener('abort', listener),
  }
  followersOf.set(signal, followers)
  return followers
}
